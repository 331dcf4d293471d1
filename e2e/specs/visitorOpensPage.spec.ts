/** A first visit: what the tab found, what it chose, how far it is, and that it is ready. */
import { expect, test } from '../fixtures/test.ts';
import { part } from '../pages/selectors.ts';

test('a visitor sees what the browser offers and which build was chosen', async ({
  chat,
  engineName,
}) => {
  await chat.openAndLoad();
  if (!(await chat.page.isVisible(part('tabPanel')))) await chat.page.click(part('toggleTabPanel'));
  await chat.page.waitForVisible(part('tabPanel'));
  const panel = (await chat.page.textContent(part('tabPanel'))) ?? '';
  expect(panel).toMatch(/SIMD/);
  expect(panel).toMatch(/WebGPU/);
  expect(panel).toMatch(/thread/i);
  expect(panel).toMatch(/MB|MiB|GB|GiB/);
  const builds = (await chat.page.textContent(part('builds'))) ?? '';
  const chosen = engineName === 'webkit' ? 'SIMD with threads' : 'relaxed SIMD with threads';
  expect(builds).toContain(`“${chosen}” was chosen`);
});

test('a visitor sees where the model runs, and the measurement that decided it', async ({
  chat,
  engineName,
}) => {
  await chat.openAndLoad('backend=auto');
  if (!(await chat.page.isVisible(part('tabPanel')))) await chat.page.click(part('toggleTabPanel'));
  const sentences = (await chat.page.textContent(part('capabilitySentences'))) ?? '';
  if (engineName === 'webkit') {
    expect(sentences).toContain('no WebGPU here. The model runs on Wasm instead.');
    return;
  }
  // Both adapters are software, which computes no faster than Wasm does.
  expect(sentences).toMatch(
    /runs on Wasm, the faster one: it makes \d+ tokens a second .* WebGPU on “[^”]+” \d/,
  );
});

test('a visitor sees progress in bytes while the model loads', async ({ chat }) => {
  await chat.open();
  const seen = await chat.page.waitFor((detail: string) => {
    const text = document.querySelector<HTMLElement>(detail)?.innerText ?? '';
    return /\d\s*(kB|KB|MB|KiB|MiB)/.test(text) ? text : '';
  }, part('loadDetail'));
  expect(seen).toMatch(/\d/);
  await chat.waitUntilReady();
});

test('a visitor prescribes one thread in the address', async ({ chat }) => {
  await chat.openAndLoad('backend=wasm&threads=1');
  const sentences = (await chat.page.textContent(part('capabilitySentences'))) ?? '';
  expect(sentences).not.toMatch(/uses \d\d* threads/);
  expect(await chat.ask('What kind of music do you like?')).not.toBe('');
});

test('a visitor who prescribes nonsense is told what is wrong', async ({ chat }) => {
  await chat.open('threads=many');
  const text = await chat.page.waitFor((app: string) => {
    const shown = document.querySelector<HTMLElement>(app)?.innerText ?? '';
    return shown.includes('threads=many') ? shown : '';
  }, part('app'));
  expect(text).toContain('threads must be a number');
});
