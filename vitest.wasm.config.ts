import { defineConfig } from 'vitest/config';

// Tests that run the built Wasm modules under Node: build the presets native, wasm-simd,
// wasm-simd-threads and wasm-threads first.
export default defineConfig({
  test: {
    include: ['web/**/*.wasm.test.ts', 'e2e/tools/*.wasm.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // WebGPU in Node runs on the software driver that Chromium brings, unless another one is named.
    env: {
      VK_ICD_FILENAMES:
        process.env['VK_ICD_FILENAMES'] ?? '/usr/lib/chromium/vk_swiftshader_icd.json',
    },
  },
});
