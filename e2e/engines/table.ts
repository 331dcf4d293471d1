/** The engines by name. */
import type { EngineBrowser, EngineName } from './page.ts';
import { launchChromium, launchFirefox } from './playwrightBrowser.ts';
import { launchWebKit } from './webkitBrowser.ts';

const launchers: Record<EngineName, () => Promise<EngineBrowser>> = {
  chromium: launchChromium,
  firefox: launchFirefox,
  webkit: launchWebKit,
};

export function launchEngine(name: EngineName): Promise<EngineBrowser> {
  return launchers[name]();
}
