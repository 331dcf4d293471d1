/** While a tab computes, its page goes on taking input. */
import type { EnginePage } from '../engines/page.ts';
import { expect, test } from '../fixtures/test.ts';

// Far above what the page's own work takes: two processors are shared with the computation itself.
const pauseMsMax = 400;

// What browsers themselves call a long task.
const taskMsMax = 50;

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

test.describe('on Wasm', () => {
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

test.describe('on WebGPU', () => {
  test.use({ models: ['tiny'] });
  test.skip(({ engineName }) => engineName === 'webkit', 'WebKitGTK has no WebGPU');

  test('the page is never held up while a model is loaded and answers', async ({ chat }) => {
    await chat.open('backend=webgpu');
    await recordPauses(chat.page);
    await chat.waitUntilReady();
    await chat.settings.change({ temperature: 0, max_tokens: 200 });
    await chat.ask('Once upon a time');
    const longest = await longestPause(chat.page);
    // Time on the processor, where the browser tells it: waiting for one that is busy elsewhere
    // holds up the whole machine, not the page.
    const tasks = await chat.page.evaluate(() =>
      (window as unknown as { recorded: Recorded }).recorded.longTasks.map((task) => task.duration),
    );
    const description = `${longest.toFixed(0)} ms, ${tasks.length} tasks above ${taskMsMax} ms`;
    test.info().annotations.push({ type: 'longest pause', description });
    expect(longest).toBeLessThan(pauseMsMax);
    expect(tasks).toEqual([]);
  });
});
