// Loads a model in a worker, and watches that the worker starts: browsers now and then block one
// for good while it creates the threads of its module (Firefox does, when something debugs it).
import { fallBackToOneThread } from '../capabilities/builds.ts';
import type { CapabilityReport } from '../capabilities/report.ts';
import type { Clock } from '../clock.ts';
import type { LoadProgress } from '../loading/progress.ts';
import { RpcClient } from '../runtime/rpc/rpcClient.ts';
import type {
  LoadedModel,
  LoadEvent,
  LoadParameters,
  WorkerMethods,
} from '../runtime/workerMethods.ts';
import { TesseraError, throwIfAborted } from '../tesseraError.ts';
import type { WorkerHandle } from './createEngine.ts';

export interface LoadedWorker {
  worker: WorkerHandle;
  rpc: RpcClient<WorkerMethods>;
  loaded: LoadedModel;
  // As given, or what they became because the choice did not start.
  capabilities: CapabilityReport;
}

export interface LoadInWorkerOptions {
  startWorker: () => WorkerHandle;
  clock: Clock;
  capabilities: CapabilityReport;
  // `threads` is taken from the capabilities.
  parameters: LoadParameters;
  signal: AbortSignal | undefined;
  onProgress: ((progress: LoadProgress) => void) | undefined;
}

// Compiling and threads take a fraction of a second; what has not come after this will not come.
const kStartMsMax = 5000;
// Without threads nothing is known to block, and there is nothing else to try.
const kLastStartMsMax = 60_000;

interface Attempt {
  capabilities: CapabilityReport;
  startMsMax: number;
  notice: string | null;
}

// As chosen; the same once more; on one thread. A worker that did not start is given up.
// Errors: as createEngine(); "worker_failed" if nothing started.
export async function loadInWorker(options: LoadInWorkerOptions): Promise<LoadedWorker> {
  for (const attempt of planAttempts(options.capabilities)) {
    const loaded = await tryToLoad(options, attempt);
    if (loaded) return loaded;
    throwIfAborted(options.signal);
  }
  throw new TesseraError('worker_failed', 'The runtime did not start in this tab.');
}

function planAttempts(capabilities: CapabilityReport): Attempt[] {
  const { threads } = capabilities;
  if (threads === 1) return [{ capabilities, startMsMax: kLastStartMsMax, notice: null }];
  return [
    { capabilities, startMsMax: kStartMsMax, notice: null },
    {
      capabilities,
      startMsMax: kStartMsMax,
      notice: `This browser did not start ${threads} threads. Trying again…`,
    },
    {
      capabilities: fallBackToOneThread(capabilities),
      startMsMax: kLastStartMsMax,
      notice: `This browser did not start ${threads} threads again. Going on with one…`,
    },
  ];
}

// Null if the worker did not start in time; it is gone then.
async function tryToLoad(
  options: LoadInWorkerOptions,
  { capabilities, startMsMax, notice }: Attempt,
): Promise<LoadedWorker | null> {
  const worker = options.startWorker();
  const rpc = new RpcClient<WorkerMethods>(worker.port);
  worker.onFailure((reason) => {
    rpc.close(new TesseraError('worker_failed', `The worker of this tab broke: ${reason}`));
  });
  const stalled = new TesseraError('worker_failed', 'The worker of this tab does not start.');
  let stopWatching: () => void = () => undefined;
  const onEvent = (event: LoadEvent) => {
    switch (event.type) {
      case 'progress':
        options.onProgress?.(withNotice(event.progress, notice));
        return;
      case 'module':
        stopWatching();
        if (event.state === 'starting')
          stopWatching = options.clock.after(startMsMax, () => rpc.close(stalled));
        return;
      default:
        event satisfies never;
    }
  };
  const parameters = { ...options.parameters, threads: capabilities.threads };
  try {
    const loaded = await rpc.call('load', parameters, { signal: options.signal, onEvent });
    return { worker, rpc, loaded, capabilities };
  } catch (thrown) {
    // The worker holds a half-loaded model: all of it goes.
    worker.terminate();
    if (thrown === stalled) return null;
    throw thrown;
  } finally {
    stopWatching();
  }
}

// Until bytes arrive there is nothing better to show than what is being tried.
function withNotice(progress: LoadProgress, notice: string | null): LoadProgress {
  if (progress.phase !== 'starting') return progress;
  return { ...progress, notice: progress.notice ?? notice };
}
