// What crosses between a page and its worker. A call has a number; events, and one result or error,
// come back under it.
import type { ErrorObject } from '../../tesseraError.ts';

export type RpcRequest =
  | { type: 'call'; id: number; method: string; parameters: unknown }
  | { type: 'cancel'; id: number };

export type RpcReply =
  | { type: 'event'; id: number; event: unknown }
  | { type: 'result'; id: number; result: unknown }
  | { type: 'error'; id: number; error: ErrorObject };

// The methods of one interface: what each takes, tells on the way, and gives.
export type RpcMethods<Methods> = {
  [Name in keyof Methods]: { parameters: unknown; event: unknown; result: unknown };
};

// Either end of the line: a Worker, a worker's global scope, or a MessagePort.
export interface RpcPort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  // Ports of a MessageChannel wait until they are started.
  start?(): void;
}
