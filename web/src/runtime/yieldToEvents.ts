// Lets waiting events run (a cancellation, another call) between two steps of a computation. A message to oneself takes
// microseconds, where a timer would be held back for milliseconds.

export function createYield(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  // Under Node an open port would keep the process alive.
  (port1 as { unref?: () => void }).unref?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
