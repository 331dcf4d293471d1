/** A model that cannot be had: the page says what is wrong and offers a way out. */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packages } from '../fixtures/packages.ts';
import { expect, test as base } from '../fixtures/test.ts';
import { TesseraServer } from '../fixtures/tesseraServer.ts';
import { part } from '../pages/selectors.ts';

/** A server whose first model has a shard of wrong bytes, beside a model that is whole. */
const test = base.extend({
  server: async ({ engine }, use) => {
    const folder = mkdtempSync(join(tmpdir(), `tessera-${engine.name}-`));
    const broken = join(folder, 'broken');
    cpSync(packages.story15m, broken, { recursive: true });
    const server = await TesseraServer.start([broken, packages.storyteller]);
    // After the start, which may check what it serves.
    for (const shard of readdirSync(join(broken, 'shards'))) damage(join(broken, 'shards', shard));
    await use(server);
    await server.stop();
    rmSync(folder, { recursive: true });
  },
});

function damage(shard: string): void {
  writeFileSync(shard, new Uint8Array([1, 2, 3, 4]), { flag: 'r+' });
}

test('a damaged model is refused, and another one can be chosen', async ({ chat }) => {
  await chat.open();
  await chat.waitForEngine('failed');
  await chat.page.waitForVisible(part('loadError'));
  const message = (await chat.page.textContent(part('loadError'))) ?? '';
  expect(message.length).toBeGreaterThan(20);
  expect(await chat.page.isVisible(part('wayOut'))).toBe(true);
  await chat.page.select(part('modelPicker'), 'storyteller');
  await chat.waitUntilReady();
  await chat.settings.change({ temperature: 0, max_tokens: 8 });
  expect(await chat.ask('Once upon a time')).not.toBe('');
});
