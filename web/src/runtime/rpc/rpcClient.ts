// The page's end: calls become promises, with events on the way.
import { TesseraError } from '../../tesseraError.ts';
import type { RpcMethods, RpcPort, RpcReply } from './messages.ts';

export interface CallOptions<Event> {
  signal?: AbortSignal | undefined;
  onEvent?: ((event: Event) => void) | undefined;
}

interface PendingCall {
  onEvent: ((event: unknown) => void) | undefined;
  resolve: (result: unknown) => void;
  reject: (error: TesseraError) => void;
}

export class RpcClient<Methods extends RpcMethods<Methods>> {
  readonly #port: RpcPort;
  readonly #calls = new Map<number, PendingCall>();
  #nextId = 1;
  #closed: TesseraError | null = null;

  constructor(port: RpcPort) {
    this.#port = port;
    port.addEventListener('message', (event) => this.#receive(event.data as RpcReply));
    port.start?.();
  }

  // Rejects with "cancelled" as soon as the signal is aborted; the worker is told, and its later
  // messages ignored.
  call<Name extends keyof Methods & string>(
    method: Name,
    parameters: Methods[Name]['parameters'],
    options: CallOptions<Methods[Name]['event']> = {},
  ): Promise<Methods[Name]['result']> {
    const { signal, onEvent } = options;
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(TesseraError.cancelled());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#port.postMessage({ type: 'cancel', id });
        this.#settle(id)?.reject(TesseraError.cancelled());
      };
      const stopListening = () => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort, { once: true });
      this.#calls.set(id, {
        onEvent,
        resolve: (result) => {
          stopListening();
          resolve(result);
        },
        reject: (error) => {
          stopListening();
          reject(error);
        },
      });
      this.#port.postMessage({ type: 'call', id, method, parameters });
    });
  }

  // Every pending and later call rejects with `error`.
  close(error: TesseraError): void {
    this.#closed ??= error;
    for (const id of [...this.#calls.keys()]) this.#settle(id)?.reject(error);
  }

  #receive(reply: RpcReply): void {
    switch (reply.type) {
      case 'event':
        this.#calls.get(reply.id)?.onEvent?.(reply.event);
        return;
      case 'result':
        this.#settle(reply.id)?.resolve(reply.result);
        return;
      case 'error':
        this.#settle(reply.id)?.reject(TesseraError.fromObject(reply.error));
        return;
      default:
        reply satisfies never;
    }
  }

  #settle(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }
}
