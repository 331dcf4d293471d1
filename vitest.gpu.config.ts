import { defineConfig } from 'vitest/config';

// Tests on a real GPUDevice: Dawn in Node, on the software driver that Chromium brings unless the
// environment names another.
export default defineConfig({
  test: {
    include: ['web/**/*.gpu.test.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    env: {
      VK_ICD_FILENAMES:
        process.env['VK_ICD_FILENAMES'] ?? '/usr/lib/chromium/vk_swiftshader_icd.json',
    },
  },
});
