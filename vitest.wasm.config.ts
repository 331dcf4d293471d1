import { defineConfig } from 'vitest/config';

// Tests that run the built Wasm modules under Node: build the presets native, wasm-simd,
// wasm-simd-threads and wasm-threads first.
export default defineConfig({
  test: {
    include: ['web/**/*.wasm.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
