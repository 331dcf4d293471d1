// Answers a page's calls: loads one model, then generates with it.
import { TesseraError } from '../tesseraError.ts';
import { loadModel, type LoadEnvironment } from './loadModel.ts';
import type { ModelHost } from './modelHost.ts';
import type { RpcPort } from './rpc/messages.ts';
import { serveRpc } from './rpc/rpcServer.ts';
import { listenToTests } from './testHooks.ts';
import type { WorkerMethods } from './workerMethods.ts';

export function hostInference(port: RpcPort, environment: LoadEnvironment): void {
  let loaded: ModelHost | null = null;
  const model = (): ModelHost => {
    if (loaded) return loaded;
    throw new TesseraError('invalid_argument', 'No model is loaded yet.');
  };
  serveRpc<WorkerMethods>(port, {
    load: async (parameters, { signal, emit }) => {
      if (loaded) throw new TesseraError('invalid_argument', 'This worker has a model already.');
      const { host, sentence } = await loadModel(parameters, environment, signal, emit);
      loaded = host;
      if (parameters.isTesting) listenToTests(() => host.loseDevice());
      return { ...host.runtime.describe(), backend: host.runtime.backend, sentence };
    },
    generate: (parameters, { signal, emit }) => model().generate(parameters, signal, emit),
    watch: (_parameters, { signal, emit }) => {
      model().watch(emit, signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(TesseraError.cancelled()), { once: true });
      });
    },
    memory: () => model().runtime.memory(),
    tokenize: ({ text }) => model().runtime.tokenize(text),
    detokenize: ({ ids }) => model().runtime.detokenize(ids),
    forward: ({ ids }, { signal }) => model().forward(ids, signal),
  });
}
