/** One project per engine; `npm run e2e -- --project=firefox` runs one. */
import { defineConfig } from '@playwright/test';
import { engineNames, type EngineName } from './engines/page.ts';

export default defineConfig<object, { engineName: EngineName }>({
  testDir: 'specs',
  outputDir: '../build/e2e/results',
  globalSetup: './fixtures/packages.ts',
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  // scripts/test asks for json, to count.
  reporter: [
    ['list'],
    ['./summaryReporter.ts'],
    ...(process.env['PLAYWRIGHT_JSON_OUTPUT_NAME'] === undefined ? [] : [['json'] as ['json']]),
  ],
  projects: engineNames.map((name) => ({ name, use: { engineName: name } })),
});
