/** While a tab computes, its page goes on taking input. */
import type { EnginePage } from '../engines/page.ts';
import { expect, test } from '../fixtures/test.ts';

// Far above what the page's own work takes: two processors are shared with the computation itself.
const pauseMsMax = 400;

// What browsers themselves call a long task.
const taskMsMax = 50;
const roundsMax = 3;

interface Recorded {
  longestPauseMs: number;
  longTasks: PerformanceEntry[];
}

/** From now on notes how long the page's thread was not free, and what kept it. */
async function recordPauses(page: EnginePage): Promise<void> {
  await page.evaluate(() => {
    const recorded: Recorded = { longestPauseMs: 0, longTasks: [] };
    (window as unknown as { recorded: Recorded }).recorded = recorded;
    let last = performance.now();
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const now = performance.now();
      recorded.longestPauseMs = Math.max(recorded.longestPauseMs, now - last);
      last = now;
      setTimeout(() => channel.port2.postMessage(null), 5);
    };
    channel.port2.postMessage(null);
    if (!PerformanceObserver.supportedEntryTypes.includes('longtask')) return;
    new PerformanceObserver((list) => recorded.longTasks.push(...list.getEntries())).observe({
      type: 'longtask',
    });
  });
}

function longestPause(page: EnginePage): Promise<number> {
  return page.evaluate(() => (window as unknown as { recorded: Recorded }).recorded.longestPauseMs);
}

/** Durations of the page's tasks above taskMsMax, where the browser tells them. */
function longTasks(page: EnginePage): Promise<number[]> {
  return page.evaluate(() =>
    (window as unknown as { recorded: Recorded }).recorded.longTasks.map((task) => task.duration),
  );
}

test.describe('on Wasm', { tag: '@alone' }, () => {
  test.use({ models: ['storyteller'] });

  test('the page is never held up while an answer is computed', async ({ chat }) => {
    await chat.openAndLoad();
    await chat.settings.change({ temperature: 0, max_tokens: 200 });
    await recordPauses(chat.page);
    await chat.ask('Once upon a time');
    const longest = await longestPause(chat.page);
    const description = `${longest.toFixed(0)} ms`;
    test.info().annotations.push({ type: 'longest pause', description });
    expect(longest).toBeLessThan(pauseMsMax);
  });
});

test.describe('on WebGPU', { tag: '@alone' }, () => {
  test.use({ models: ['tiny'] });
  test.skip(({ engineName }) => engineName === 'webkit', 'WebKitGTK has no WebGPU');

  test('the page is never held up while a model is loaded and answers', async ({ chat }) => {
    // A processor that is busy elsewhere makes any task long, now and then; what the page itself
    // does at length, it does every time.
    const rounds: { pauseMs: number; taskMs: number }[] = [];
    const isFree = ({ pauseMs, taskMs }: (typeof rounds)[number]) =>
      pauseMs < pauseMsMax && taskMs < taskMsMax;
    while (rounds.length < roundsMax && !rounds.some(isFree)) {
      await chat.open('backend=webgpu');
      await recordPauses(chat.page);
      await chat.waitUntilReady();
      await chat.settings.change({ temperature: 0, max_tokens: 100 });
      await chat.ask('Once upon a time');
      const taskMs = Math.max(0, ...(await longTasks(chat.page)));
      rounds.push({ pauseMs: Math.round(await longestPause(chat.page)), taskMs });
    }
    const description = JSON.stringify(rounds);
    test.info().annotations.push({ type: 'longest pause and task', description });
    expect(rounds.some(isFree), description).toBe(true);
  });
});
