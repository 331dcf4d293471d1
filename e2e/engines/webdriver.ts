/**
 * A client of the classic WebDriver protocol (W3C WebDriver), for an engine that speaks nothing
 * newer.
 */

const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

export class WebDriverError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

interface Reply {
  value: unknown;
}

async function request(url: string, method: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as Reply;
  const failure = value as { error?: string; message?: string } | null;
  if (!response.ok) throw new WebDriverError(failure?.error ?? 'unknown', failure?.message ?? '');
  return value;
}

/** One session. A command goes to one window, so commands of several windows queue up here. */
export class WebDriverSession {
  readonly #url: string;
  readonly version: string;
  #window = '';
  #last: Promise<unknown> = Promise.resolve();

  private constructor(url: string, version: string) {
    this.#url = url;
    this.version = version;
  }

  static async open(driver: string, capabilities: unknown): Promise<WebDriverSession> {
    const reply = (await request(`${driver}/session`, 'POST', {
      capabilities: { alwaysMatch: capabilities },
    })) as { sessionId: string; capabilities: { browserVersion: string } };
    const url = `${driver}/session/${reply.sessionId}`;
    const session = new WebDriverSession(url, reply.capabilities.browserVersion);
    await session.send('POST', '/timeouts', { script: 600_000, pageLoad: 60_000 });
    return session;
  }

  /** A command that belongs to no window. */
  send(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#enqueue(() => request(this.#url + path, method, body));
  }

  sendTo(window: string, method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#enqueue(async () => {
      if (this.#window !== window) await request(`${this.#url}/window`, 'POST', { handle: window });
      this.#window = window;
      return request(this.#url + path, method, body);
    });
  }

  async findElement(window: string, selector: string): Promise<string> {
    const body = { using: 'css selector', value: selector };
    const found = await this.sendTo(window, 'POST', '/element', body);
    return (found as Record<string, string>)[elementKey] ?? '';
  }

  async windows(): Promise<string[]> {
    return (await this.send('GET', '/window/handles')) as string[];
  }

  #enqueue<Result>(command: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(command);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

export async function isDriverReady(driver: string): Promise<boolean> {
  try {
    await request(`${driver}/status`, 'GET');
    return true;
  } catch {
    return false;
  }
}
