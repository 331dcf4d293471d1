/** While a tab computes, its page goes on taking input. */
import { expect, test } from '../fixtures/test.ts';

test.use({ models: ['storyteller'] });

// Far above what the page's own work takes: two processors are shared with the computation itself.
const pauseMsMax = 400;

test('the page is never held up while an answer is computed', async ({ chat }) => {
  await chat.openAndLoad();
  await chat.settings.change({ temperature: 0, max_tokens: 200 });
  await chat.page.evaluate(() => {
    const scope = window as unknown as { longestPauseMs: number };
    scope.longestPauseMs = 0;
    let last = performance.now();
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const now = performance.now();
      scope.longestPauseMs = Math.max(scope.longestPauseMs, now - last);
      last = now;
      setTimeout(() => channel.port2.postMessage(null), 5);
    };
    channel.port2.postMessage(null);
  });
  await chat.ask('Once upon a time');
  const longest = await chat.page.evaluate(
    () => (window as unknown as { longestPauseMs: number }).longestPauseMs,
  );
  test.info().annotations.push({ type: 'longest pause', description: `${longest.toFixed(0)} ms` });
  expect(longest).toBeLessThan(pauseMsMax);
});
