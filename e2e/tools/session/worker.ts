/** Runs one command and posts its result: the runtime waits on threads, which only a worker may. */
import { runCommand, type SessionRequest } from './runCommand.ts';

addEventListener('message', (event: MessageEvent<SessionRequest>) => {
  const { gpu } = navigator as { gpu?: GPU };
  runCommand(event.data, gpu, (state) => postMessage({ state })).then(
    (result) => postMessage({ result }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});
