// Lets waiting events run (a cancellation, another call) between two steps of a computation.

// In browsers a message to oneself takes microseconds, where a timer would be held back for
// milliseconds. Node would take up to a thousand such messages in a row before it looks at another
// port; it has setImmediate for this.
export function createYield(): () => Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => void };
  if (setImmediate) return () => new Promise((resolve) => setImmediate(resolve));
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
