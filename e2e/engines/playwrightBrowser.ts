/** Chromium and Firefox ESR as Debian packages them, driven by Playwright. */
import { chromium, firefox, type Browser, type BrowserContext } from '@playwright/test';
import type { EngineBrowser, EngineContext, EngineLimits, EngineName, EnginePage } from './page.ts';
import { PlaywrightPage } from './playwrightPage.ts';

class PlaywrightContext implements EngineContext {
  readonly #context: BrowserContext;

  constructor(context: BrowserContext) {
    this.#context = context;
  }

  async newPage(): Promise<EnginePage> {
    return new PlaywrightPage(await this.#context.newPage());
  }

  setOffline(offline: boolean): Promise<void> {
    return this.#context.setOffline(offline);
  }

  close(): Promise<void> {
    return this.#context.close();
  }
}

class PlaywrightBrowser implements EngineBrowser {
  readonly name: EngineName;
  readonly version: string;
  readonly limits: EngineLimits = {};
  readonly #browser: Browser;

  constructor(name: EngineName, browser: Browser) {
    this.name = name;
    this.version = browser.version();
    this.#browser = browser;
  }

  async newContext(): Promise<EngineContext> {
    return new PlaywrightContext(await this.#browser.newContext());
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}

export async function launchChromium(): Promise<EngineBrowser> {
  const browser = await chromium.launch({
    executablePath: process.env['TESSERA_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', // a container's root user has no other way
      '--enable-unsafe-webgpu', // without it a software adapter is not offered
      '--enable-features=Vulkan',
      '--use-vulkan=swiftshader',
      '--use-webgpu-adapter=swiftshader',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return new PlaywrightBrowser('chromium', browser);
}

/** Over WebDriver BiDi, which is what the distribution's own Firefox speaks. */
export async function launchFirefox(): Promise<EngineBrowser> {
  const browser = await firefox.launch({
    channel: 'moz-firefox',
    executablePath: process.env['TESSERA_FIREFOX'] ?? '/usr/bin/firefox-esr',
    env: {
      ...(process.env as Record<string, string>),
      // Named either way, by the distribution's release; what is not there is passed over.
      VK_DRIVER_FILES: ['lvp_icd.json', 'lvp_icd.x86_64.json']
        .map((name) => `/usr/share/vulkan/icd.d/${name}`)
        .join(':'),
    },
    firefoxUserPrefs: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
  });
  return new PlaywrightBrowser('firefox', browser);
}
