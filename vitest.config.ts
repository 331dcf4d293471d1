import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['web/**/*.test.ts', 'tests/protocol/*.test.ts'],
    exclude: ['web/**/*.wasm.test.ts', 'web/**/*.gpu.test.ts'],
    environment: 'node',
    pool: 'threads',
    maxWorkers: 2,
  },
});
