// The page's entry: the real library, this browser's storage, and off it goes.
import { createEngine, detectCapabilities, listModels, readOverrides } from '../index.ts';
import { App } from './app.ts';
import { openStore } from './conversations/openStore.ts';
import type { Platform } from './models/platform.ts';
import { PreferenceStore } from './preferences.ts';
import { applyTheme } from './views/theme.ts';

async function choosePlatform(): Promise<Platform> {
  const demonstration = new URLSearchParams(location.search).get('demo');
  // Development only: `?demo=chat` and others show the page without a server or a model.
  if (import.meta.env.DEV && demonstration !== null) {
    const { createDemonstration } = await import('../../test-support/demonstration.ts');
    return createDemonstration(demonstration);
  }
  return { createEngine, detectCapabilities, readOverrides, listModels: () => listModels() };
}

const preferences = new PreferenceStore();
applyTheme(preferences.get('theme'));
const app = new App({
  platform: await choosePlatform(),
  store: await openStore(),
  preferences,
  location,
});
await app.start();
