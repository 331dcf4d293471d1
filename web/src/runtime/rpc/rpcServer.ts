// The worker's end: answers calls with handlers, and tells them when the page has lost interest.
import { TesseraError } from '../../tesseraError.ts';
import type { RpcMethods, RpcPort, RpcReply, RpcRequest } from './messages.ts';

export interface CallContext<Event> {
  signal: AbortSignal;
  emit: (event: Event) => void;
}

export type RpcHandlers<Methods extends RpcMethods<Methods>> = {
  [Name in keyof Methods]: (
    parameters: Methods[Name]['parameters'],
    context: CallContext<Methods[Name]['event']>,
  ) => Methods[Name]['result'] | Promise<Methods[Name]['result']>;
};

// Whatever a handler throws goes back as {code, message}.
export function serveRpc<Methods extends RpcMethods<Methods>>(
  port: RpcPort,
  handlers: RpcHandlers<Methods>,
): void {
  const running = new Map<number, AbortController>();
  const reply = (message: RpcReply) => port.postMessage(message);

  const answer = async (id: number, method: string, parameters: unknown): Promise<void> => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      if (!Object.hasOwn(handlers, method)) {
        throw new TesseraError('unsupported', `The worker has no method “${method}”.`);
      }
      const handler = handlers[method as keyof Methods];
      const emit = (event: unknown) => reply({ type: 'event', id, event });
      const result = await handler(parameters, { signal: controller.signal, emit });
      reply({ type: 'result', id, result });
    } catch (thrown) {
      reply({ type: 'error', id, error: TesseraError.from(thrown).toObject() });
    } finally {
      running.delete(id);
    }
  };

  port.addEventListener('message', ({ data }) => {
    const request = data as RpcRequest;
    switch (request.type) {
      case 'call':
        void answer(request.id, request.method, request.parameters);
        return;
      case 'cancel':
        running.get(request.id)?.abort();
        return;
      default:
        request satisfies never;
    }
  });
  port.start?.();
}
