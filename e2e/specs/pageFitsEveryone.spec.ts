/** Narrow screens, assistive technology, no mouse. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { EnginePage } from '../engines/page.ts';
import { expect, test } from '../fixtures/test.ts';
import { part } from '../pages/selectors.ts';
import { repositoryRoot } from '../tools/wasmBuilds.ts';

const axe = readFileSync(join(repositoryRoot, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** Serious and critical findings, as "rule: element". */
async function findBarriers(page: EnginePage): Promise<string[]> {
  await page.runScript(axe);
  const { violations } = await page.evaluate(() => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    return axe.run().then(({ violations }) => ({
      violations: violations.map(({ id, impact, nodes }) => ({
        rule: id,
        impact,
        elements: nodes.map(({ html }) => html),
      })),
    }));
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ rule, elements }) => elements.map((element) => `${rule}: ${element}`));
}

/** How many pixels the page is wider than its window. */
function overflow(page: EnginePage): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

test('axe finds nothing serious, in light and in dark', async ({ chat }) => {
  await chat.openAndLoad();
  await chat.settings.change({ temperature: 0, max_tokens: 24 });
  await chat.ask('What kind of music do you like?');
  await chat.settings.open();
  for (const theme of ['light', 'dark']) {
    await chat.chooseTheme(theme);
    expect(await findBarriers(chat.page), theme).toEqual([]);
  }
});

test('a conversation fits a screen of 360 pixels', async ({ chat }) => {
  await chat.page.resize(360, 740);
  await chat.openAndLoad();
  expect(await chat.page.evaluate(() => innerWidth)).toBe(360);
  expect(await overflow(chat.page)).toBeLessThanOrEqual(0);
  expect(await chat.ask('What kind of music do you like?')).not.toBe('');
  expect(await overflow(chat.page)).toBeLessThanOrEqual(0);
  expect(await chat.page.isVisible(part('send'))).toBe(true);
  expect(await findBarriers(chat.page)).toEqual([]);
});

test('a person without a mouse asks and reads', async ({ chat }) => {
  await chat.openAndLoad();
  const focused = () =>
    chat.page.evaluate(() => (document.activeElement as HTMLElement | null)?.tagName ?? '');
  for (let presses = 0; presses < 40 && (await focused()) !== 'TEXTAREA'; presses++)
    await chat.page.press('Tab');
  expect(await focused()).toBe('TEXTAREA');
  await chat.page.type('Do you like dogs?');
  await chat.page.press('Enter');
  expect(await chat.waitForAnswer(2)).not.toBe('');
  expect(await focused()).toBe('TEXTAREA');
});
