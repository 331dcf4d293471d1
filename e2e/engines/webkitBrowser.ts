/**
 * WebKitGTK's MiniBrowser through WebKitWebDriver on a virtual display. A context is a session of
 * its
 * own (MiniBrowser keeps nothing on disk under automation); a page is a window without a toolbar,
 * which can be as
 * narrow as a phone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { freePort } from './freePort.ts';
import type { EngineBrowser, EngineContext, EngineLimits, EnginePage } from './page.ts';
import { poll } from './polling.ts';
import { isDriverReady, WebDriverSession } from './webdriver.ts';
import { WebKitPage } from './webkitPage.ts';

const capabilities = {
  browserName: 'MiniBrowser',
  'webkitgtk:browserOptions': {
    binary: `/usr/lib/${architecture()}-linux-gnu/webkit2gtk-4.1/MiniBrowser`,
    args: ['--automation', '--features=+ReadableByteStreamAPI'],
  },
};

// Both are off by default although the engine has them.
const features = { JSC_useSharedArrayBuffer: '1', JSC_useWasmRelaxedSIMD: '1' };

function architecture(): string {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64';
}

/** Starts a virtual display and gives its name (":7"). */
async function startDisplay(): Promise<{ display: string; server: ChildProcess }> {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const display = await new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    (server.stdio[3] as Readable).once('data', (data) => resolve(`:${String(data).trim()}`));
  });
  return { display, server };
}

class WebKitContext implements EngineContext {
  readonly #driver: ChildProcess;
  readonly #session: WebDriverSession;
  readonly #launcher: string;

  constructor(driver: ChildProcess, session: WebDriverSession, launcher: string) {
    this.#driver = driver;
    this.#session = session;
    this.#launcher = launcher;
  }

  static async open(display: string): Promise<WebKitContext> {
    const port = await freePort();
    const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      stdio: 'ignore',
      env: { ...process.env, ...features, DISPLAY: display },
    });
    const address = `http://127.0.0.1:${port}`;
    await poll(
      () => isDriverReady(address),
      () => 'WebKitWebDriver to answer',
    );
    const session = await WebDriverSession.open(address, capabilities);
    const [launcher] = await session.windows();
    return new WebKitContext(driver, session, launcher ?? '');
  }

  get version(): string {
    return this.#session.version;
  }

  /**
   * Only a click may open a window without a toolbar, so the first window holds a button for it.
   */
  async newPage(): Promise<EnginePage> {
    const before = new Set(await this.#session.windows());
    const launcher = new WebKitPage(this.#session, this.#launcher);
    await launcher.evaluate(() => {
      document.body.innerHTML = '<button>open</button>';
      const shape = 'popup,width=1280,height=720,toolbar=no,menubar=no,location=no,status=no';
      document.body.firstElementChild?.addEventListener('click', () => open('', '_blank', shape));
    });
    await launcher.click('button');
    const window = await poll(
      async () => (await this.#session.windows()).find((handle) => !before.has(handle)),
      () => 'a new window',
    );
    return new WebKitPage(this.#session, window ?? '');
  }

  setOffline(): Promise<void> {
    return Promise.reject(new Error(limits.setOffline));
  }

  async close(): Promise<void> {
    await this.#session.send('DELETE', '').catch(() => undefined);
    this.#driver.kill();
  }
}

const limits = {
  setOffline: 'classic WebDriver cannot cut the network',
  messages: 'classic WebDriver shows no console: messages before the load event are lost',
} satisfies EngineLimits;

export async function launchWebKit(): Promise<EngineBrowser> {
  const { display, server } = await startDisplay();
  const contexts = new Set<WebKitContext>();
  const first = await WebKitContext.open(display);
  let spare: WebKitContext | undefined = first;
  return {
    name: 'webkit',
    version: first.version,
    limits,
    async newContext() {
      const context = spare ?? (await WebKitContext.open(display));
      spare = undefined;
      contexts.add(context);
      return context;
    },
    async close() {
      await Promise.all([...contexts, first].map((context) => context.close()));
      server.kill();
    },
  };
}
