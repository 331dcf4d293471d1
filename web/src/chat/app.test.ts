// @vitest-environment jsdom
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createFakeEngine,
  type FakeEngine,
  type FakeEngineOptions,
  fakeCapabilities,
} from '../../test-support/fakeEngine.ts';
import { TesseraError } from '../index.ts';
import { App } from './app.ts';
import { createMemoryStore } from './conversations/memoryStore.ts';
import { PreferenceStore } from './preferences.ts';
import { testIds, type TestId } from './testIds.ts';

const kPage = readFileSync(resolve(import.meta.dirname, '../../index.html'), 'utf8');
const kModels = [
  { name: 'small', architecture: 'llama', sizeBytes: 31_000_000, contextTokensMax: 2048 },
  { name: 'large', architecture: 'llama', sizeBytes: 92_000_000, contextTokensMax: 8192 },
];

let engines: FakeEngine[] = [];
let asked: Record<string, unknown>[] = [];

// jsdom has no layout, no media queries and no modal dialogs.
beforeEach(() => {
  engines = [];
  asked = [];
  document.body.innerHTML = /<body>([\s\S]*)<\/body>/.exec(kPage)?.[1] ?? '';
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: query.startsWith('(min-width'),
    addEventListener: () => undefined,
  }));
  Object.assign(HTMLDialogElement.prototype, {
    showModal(this: HTMLDialogElement) {
      this.open = true;
    },
    close(this: HTMLDialogElement, value = '') {
      this.open = false;
      this.returnValue = value;
      this.dispatchEvent(new Event('close'));
    },
  });
});

afterEach(() => vi.unstubAllGlobals());

async function openPage(fake: FakeEngineOptions = {}, search = ''): Promise<App> {
  const app = new App({
    platform: {
      detectCapabilities: () => Promise.resolve(fakeCapabilities),
      readOverrides: (query) => {
        if (query.includes('threads=0')) throw new TesseraError('invalid_argument', 'no threads');
        return {};
      },
      listModels: () => Promise.resolve(kModels),
      createEngine: async (options) => {
        asked.push({ ...options });
        const engine = await createFakeEngine(fake)(options);
        engines.push(engine);
        return engine;
      },
    },
    store: createMemoryStore(),
    preferences: new PreferenceStore(null),
    location: { search, hash: '', origin: 'http://127.0.0.1:8080', pathname: '/' } as Location,
  });
  await app.start();
  return app;
}

const find = (id: TestId | `setting-${string}`) => {
  const found = document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  if (!found) throw new Error(`There is no ${id}`);
  return found;
};
const findAll = (id: TestId) => [
  ...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`),
];
const text = (id: TestId) => find(id).textContent;
const press = (target: Element, key: string, more: KeyboardEventInit = {}) =>
  target.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  );
const type = (field: HTMLElement, value: string) => {
  (field as HTMLTextAreaElement).value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
};
const settled = () =>
  vi.waitFor(() => expect(find(testIds.app).dataset['answering']).toBe('false'));
const say = async (sentence: string) => {
  type(find(testIds.composer), sentence);
  press(find(testIds.composer), 'Enter');
  await settled();
  await vi.waitFor(() => expect(text(testIds.conversationList)).not.toContain('listed here'));
};

describe('on opening', () => {
  it('the page says what the tab found and chose', async () => {
    await openPage();
    expect(text(testIds.features)).toContain('SIMD: yes');
    expect(text(testIds.features)).toContain('WebGPU: no');
    expect(text(testIds.features)).toContain('8 GiB memory');
    expect(text(testIds.capabilitySentences)).toContain('Tessera uses 2 threads.');
    expect(text(testIds.builds)).toContain('Chosen: the strongest build');
  });

  it('the server’s first model is loaded and the picker offers all', async () => {
    await openPage();
    const picker = find(testIds.modelPicker) as HTMLSelectElement;
    expect([...picker.options].map((option) => option.text)).toEqual([
      'small · 31.0 MB',
      'large · 92.0 MB',
    ]);
    expect(picker.value).toBe('small');
    expect(find(testIds.app).dataset['engine']).toBe('ready');
    expect(text(testIds.modelState)).toBe('Ready');
    expect(find(testIds.loadCard).hidden).toBe(true);
    expect(text(testIds.announcer)).toBe('small is ready.');
  });

  it('a start that has to be tried again says so, and so does what it fell back to', async () => {
    const shown: string[] = [];
    const watch = new MutationObserver(() => shown.push(text(testIds.loadDetail)));
    watch.observe(find(testIds.loadCard), { childList: true, subtree: true });
    const fallback = 'It uses 1 thread: 2 did not start.';
    const capabilities = { ...fakeCapabilities, threads: 1, fallback, sentences: [fallback] };
    await openPage({ startNotice: 'Trying again…', capabilities });
    watch.disconnect();
    expect(shown).toContain('Trying again…');
    expect(
      findAll(testIds.notice)
        .map((notice) => notice.textContent)
        .join(' '),
    ).toContain(fallback);
    expect(text(testIds.capabilitySentences)).toContain(fallback);
  });

  it('memory is shown by component, against its budget', async () => {
    await openPage();
    await vi.waitFor(() => expect(text(testIds.memory)).toContain('Weights80.0 MB'));
    expect(text(testIds.memory)).toContain('91.0 MB of 2.0 GB');
  });

  it('an override that makes no sense is said, and the page works', async () => {
    await openPage({}, '?threads=0');
    expect(text(testIds.notice)).toContain('No threads.');
    expect(find(testIds.app).dataset['engine']).toBe('ready');
  });

  it('a model that the address names and nobody has is an error with a way out', async () => {
    await openPage({}, '?model=huge');
    expect(text(testIds.loadError)).toContain('There is no model “huge”');
    expect(find(testIds.loadError).getAttribute('role')).toBe('alert');
    const picker = find(testIds.modelPicker) as HTMLSelectElement;
    expect(picker.value).toBe('');
    picker.value = 'large';
    picker.dispatchEvent(new Event('change'));
    await vi.waitFor(() => expect(find(testIds.app).dataset['engine']).toBe('ready'));
    expect(asked[0]?.['model']).toBe('large');
  });
});

describe('chatting', () => {
  it('shows question and answer, and lists the conversation', async () => {
    await openPage();
    await say('Hello **there**');
    expect(findAll(testIds.message).map((one) => one.dataset['role'])).toEqual([
      'user',
      'assistant',
    ]);
    const [question, answer] = findAll(testIds.messageText);
    expect(question?.textContent).toBe('Hello **there**');
    expect(answer?.innerHTML).toContain('<strong>there</strong>');
    expect(findAll(testIds.openConversation)[0]?.textContent).toBe('Hello **there**');
    expect(find(testIds.welcome).hidden).toBe(true);
    expect(text(testIds.announcer)).toContain('Answer: You said');
    expect(text(testIds.contextUsed)).toBe('14 of 2,048 tokens');
    expect((find(testIds.composer) as HTMLTextAreaElement).value).toBe('');
  });

  it('Shift+Enter and keys of an input method send nothing', async () => {
    await openPage();
    type(find(testIds.composer), 'text');
    press(find(testIds.composer), 'Enter', { shiftKey: true });
    press(find(testIds.composer), 'Enter', { isComposing: true });
    expect(findAll(testIds.message)).toEqual([]);
  });

  it('Escape stops, and what was written stays', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await openPage({ beforeToken: (index) => (index < 1 ? Promise.resolve() : held) });
    type(find(testIds.composer), 'go on');
    press(find(testIds.composer), 'Enter');
    await vi.waitFor(() => expect(text(testIds.messageText)).toContain('go on'));
    expect(find(testIds.stop).hidden).toBe(false);
    press(find(testIds.composer), 'Escape');
    release();
    await settled();
    expect(find(testIds.send).hidden).toBe(false);
    expect(findAll(testIds.message)[1]?.dataset['outcome']).toBe('stopped');
  });

  it('an arrow up in the empty field edits the last question; Escape leaves it', async () => {
    await openPage();
    await say('first');
    press(find(testIds.composer), 'ArrowUp');
    const field = find(testIds.editText) as HTMLTextAreaElement;
    expect(document.activeElement).toBe(field);
    press(field, 'Escape');
    expect(findAll(testIds.editText)).toEqual([]);
    press(find(testIds.composer), 'ArrowUp');
    type(find(testIds.editText), 'second');
    press(find(testIds.editText), 'Enter');
    await settled();
    await vi.waitFor(() =>
      expect(findAll(testIds.messageText)[1]?.textContent).toContain('second'),
    );
    expect(text(testIds.versionPosition)).toBe('2 / 2');
    expect(document.activeElement).toBe(find(testIds.composer));
  });

  it('regenerating makes a second version', async () => {
    let answers = 0;
    await openPage({ answer: () => `answer ${(answers += 1)}` });
    await say('x');
    find(testIds.regenerate).click();
    await vi.waitFor(() => expect(text(testIds.versionPosition)).toBe('2 / 2'));
    await settled();
    find(testIds.previousVersion).click();
    expect(findAll(testIds.messageText)[1]?.textContent).toContain('answer 1');
  });

  it('a failure is a sentence with a way out that works', async () => {
    const fake: FakeEngineOptions = { requestError: new TesseraError('network', 'it is gone') };
    await openPage(fake);
    await say('x');
    expect(text(testIds.answerError)).toContain('It is gone.');
    delete fake.requestError;
    document.querySelector<HTMLElement>('[data-action="retry"]')?.click();
    await vi.waitFor(() => expect(findAll(testIds.messageText)[1]?.textContent).toContain('You'));
    expect(findAll(testIds.answerError)).toEqual([]);
  });

  it('a full context can be continued without the oldest turns', async () => {
    const fake: FakeEngineOptions = {};
    await openPage(fake);
    await say('one');
    fake.requestError = new TesseraError('context_full', 'full');
    await say('two');
    delete fake.requestError;
    document.querySelector<HTMLElement>('[data-action="drop_oldest"]')?.click();
    await vi.waitFor(() => expect(findAll(testIds.contextStart)).toHaveLength(1));
    await settled();
    await vi.waitFor(() => expect(findAll(testIds.messageText)[3]?.textContent).toContain('two'));
    expect(engines[0]?.requests.at(-1)?.messages).toEqual([{ role: 'user', content: 'two' }]);
  });
});

describe('conversations', () => {
  it('are renamed in place', async () => {
    await openPage();
    await say('x');
    find(testIds.renameConversation).click();
    const field = find(testIds.conversationTitle);
    type(field, 'Better');
    press(field, 'Enter');
    await vi.waitFor(() => expect(text(testIds.openConversation)).toBe('Better'));
    expect(document.getElementById('conversation-heading')?.textContent).toBe('Better');
  });

  it('are deleted after a question', async () => {
    await openPage();
    await say('x');
    find(testIds.deleteConversation).click();
    find(testIds.cancel).click();
    expect(findAll(testIds.conversation)).toHaveLength(1);
    find(testIds.deleteConversation).click();
    find(testIds.confirm).click();
    await vi.waitFor(() => expect(findAll(testIds.conversation)).toHaveLength(0));
    expect(findAll(testIds.message)).toEqual([]);
  });

  it('are switched between', async () => {
    await openPage();
    await say('first one');
    find(testIds.newConversation).click();
    expect(find(testIds.welcome).hidden).toBe(false);
    await say('second one');
    await vi.waitFor(() => expect(findAll(testIds.openConversation)).toHaveLength(2));
    findAll(testIds.openConversation)
      .find((one) => one.textContent === 'first one')
      ?.click();
    await vi.waitFor(() => expect(text(testIds.messageText)).toBe('first one'));
    const current = document.querySelector('[aria-current="page"]');
    expect(current?.textContent).toBe('first one');
  });
});

describe('settings', () => {
  it('start with the model’s defaults and are sent when changed', async () => {
    await openPage();
    const field = find('setting-temperature') as HTMLInputElement;
    expect(field.placeholder).toBe('0.8');
    expect(field.value).toBe('');
    field.value = '0.3';
    field.dispatchEvent(new Event('change'));
    const prompt = find(testIds.systemPrompt) as HTMLTextAreaElement;
    prompt.value = 'Be kind.';
    prompt.dispatchEvent(new Event('change'));
    await say('x');
    expect(engines[0]?.requests[0]).toMatchObject({ temperature: 0.3 });
    expect(engines[0]?.requests[0]?.messages[0]?.content).toBe('Be kind.');
    find(testIds.resetSettings).click();
    await vi.waitFor(() => expect(field.value).toBe(''));
  });
});

describe('API requests', () => {
  it('are answered unless switched off, at an address that is shown', async () => {
    await openPage();
    expect(text(testIds.apiAddress)).toBe('http://127.0.0.1:8080/v1');
    expect(text(testIds.serveState)).toContain('Connected');
    expect(text(testIds.serveRequests)).toBe('0 requests answered');
    engines[0]?.setRunnerState({
      ...{ type: 'waiting', retryAtMs: Date.now() + 4000, reason: 'closed' },
    } as const);
    expect(text(testIds.serveState)).toMatch(/Reconnecting in \d s…/);
    const box = find(testIds.serveSwitch) as HTMLInputElement;
    box.checked = false;
    box.dispatchEvent(new Event('change'));
    expect(text(testIds.serveState)).toContain('Off');
  });
});

describe('names for those who drive the page', () => {
  it('all exist', async () => {
    const source = import.meta.glob<string>('./**/*.ts', {
      query: '?raw',
      import: 'default',
      eager: true,
    });
    const code = Object.entries(source)
      .filter(([path]) => !path.endsWith('.test.ts'))
      .map(([, text]) => text)
      .join('');
    for (const [name, id] of Object.entries(testIds)) {
      if (name === 'setting') continue;
      const isUsed = kPage.includes(`data-testid="${id}"`) || code.includes(`testIds.${name}`);
      expect(isUsed, `${name} is not in the page`).toBe(true);
    }
    await Promise.resolve();
  });
});
