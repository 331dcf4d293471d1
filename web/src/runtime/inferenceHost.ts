// Answers a page's calls: loads one model, then generates with it.
import { TesseraError } from '../tesseraError.ts';
import { loadModel, type LoadEnvironment } from './loadModel.ts';
import type { ModelRuntime } from './modelRuntime.ts';
import type { RpcPort } from './rpc/messages.ts';
import { serveRpc } from './rpc/rpcServer.ts';
import type { WorkerMethods } from './workerMethods.ts';

export function hostInference(port: RpcPort, environment: LoadEnvironment): void {
  let loaded: ModelRuntime | null = null;
  const model = (): ModelRuntime => {
    if (loaded) return loaded;
    throw new TesseraError('invalid_argument', 'No model is loaded yet.');
  };
  serveRpc<WorkerMethods>(port, {
    load: async (parameters, { signal, emit }) => {
      if (loaded) throw new TesseraError('invalid_argument', 'This worker has a model already.');
      loaded = await loadModel(parameters, environment, signal, emit);
      return loaded.describe();
    },
    generate: (parameters, { signal, emit }) => model().generate(parameters, signal, emit),
    memory: () => model().memory(),
    tokenize: ({ text }) => model().tokenize(text),
    detokenize: ({ ids }) => model().detokenize(ids),
    forward: ({ ids }, { signal }) => model().forward(ids, signal),
  });
}
