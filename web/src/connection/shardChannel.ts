// Shards over a WebSocket: several requests on one connection, each kept going by credit that is
// given back as bytes are used, so that no more than the credit ever waits in this tab.
import {
  messageToClientRules,
  type MessageToClient,
} from '../../../protocol/generated/protocol.ts';
import { readShardFrame } from '../../../protocol/shardFrame.ts';
import type { Clock } from '../clock.ts';
import { EventQueue } from '../eventQueue.ts';
import { kStallMsMax } from '../loading/httpShardSource.ts';
import type { Shard } from '../loading/manifest.ts';
import type { ShardSource } from '../loading/shardSource.ts';
import { TesseraError } from '../tesseraError.ts';
import { kAgent } from './agent.ts';
import { Session, userSentence, type SessionState } from './session.ts';
import type { OpenSocket } from './socket.ts';

export interface ShardChannelOptions {
  baseUrl: string;
  apiKey?: string | undefined;
  clock: Clock;
  openSocket: OpenSocket;
}

// Enough to keep a fast connection busy over a long round trip.
export const kCreditBytes = 2 * 1024 * 1024;
// Credit goes back in portions, not frame by frame.
const kCreditReturnBytes = kCreditBytes / 4;
const kPriorityMax = 1000;

interface OpenRequest {
  frames: EventQueue<Uint8Array>;
  // Where the next frame must begin.
  offset: number;
  stopTimer: () => void;
}

export class ShardChannel implements ShardSource {
  readonly #options: ShardChannelOptions;
  readonly #requests = new Map<number, OpenRequest>();
  #session: Session<MessageToClient> | null = null;
  #waitingForSession: (() => void)[] = [];
  #nextRequestId = 1;

  constructor(options: ShardChannelOptions) {
    this.#options = options;
  }

  // A request goes around all caches anyway, so `isReload` changes nothing.
  async *open(
    shard: Shard,
    offset: number,
    _isReload: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const session = await this.#connected(signal);
    const requestId = this.#nextRequestId++;
    const request: OpenRequest = { frames: new EventQueue(), offset, stopTimer: () => undefined };
    const abort = () => request.frames.fail(TesseraError.cancelled());
    signal.addEventListener('abort', abort, { once: true });
    this.#requests.set(requestId, request);
    this.#watchForStall(request);
    session.send({
      type: 'shard.request',
      request_id: requestId,
      sha256: shard.sha256,
      offset,
      credit_bytes: kCreditBytes,
      priority: Math.min(Math.max(0, shard.priority), kPriorityMax),
    });
    try {
      let usedBytes = 0;
      for await (const payload of request.frames) {
        yield payload;
        usedBytes += payload.length;
        if (usedBytes < kCreditReturnBytes) continue;
        session.send({ type: 'shard.credit', request_id: requestId, bytes: usedBytes });
        usedBytes = 0;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      request.stopTimer();
      // Still there: the reader left, or the wait was too long.
      if (this.#requests.delete(requestId)) {
        session.send({ type: 'shard.cancel', request_id: requestId });
      }
    }
  }

  close(): void {
    this.#session?.close();
  }

  async #connected(signal: AbortSignal): Promise<Session<MessageToClient>> {
    const session = (this.#session ??= this.#openSession());
    const wake = () => {
      const waiting = this.#waitingForSession;
      this.#waitingForSession = [];
      for (const resume of waiting) resume();
    };
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        const { state } = session;
        if (signal.aborted) throw TesseraError.cancelled();
        if (state.type === 'connected') return session;
        if (state.type === 'closed') throw closedError(state);
        if (state.type === 'waiting') throw new TesseraError('network', state.reason);
        await new Promise<void>((resolve) => this.#waitingForSession.push(resolve));
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  #openSession(): Session<MessageToClient> {
    return new Session<MessageToClient>({
      ...this.#options,
      role: 'client',
      agent: kAgent,
      rules: messageToClientRules,
      onState: (state) => this.#sessionChanged(state),
      onMessage: (message) => this.#receive(message),
      onBinary: (bytes) => this.#receiveFrame(bytes),
    });
  }

  #sessionChanged(state: SessionState): void {
    if (state.type === 'waiting' || state.type === 'closed') {
      const error =
        state.type === 'closed' ? closedError(state) : new TesseraError('network', state.reason);
      for (const id of [...this.#requests.keys()]) this.#end(id, error);
    }
    const waiting = this.#waitingForSession;
    this.#waitingForSession = [];
    for (const resume of waiting) resume();
  }

  #receive(message: MessageToClient): void {
    if (message.type !== 'error' || message.request_id === undefined) return;
    const { error } = message;
    this.#end(message.request_id, new TesseraError(error.code, userSentence(error)));
  }

  #receiveFrame(bytes: ArrayBuffer): void {
    const frame = readShardFrame(bytes);
    if (typeof frame === 'string') {
      this.#session?.close({ code: 'invalid_message', message: `The server sent ${frame}.` });
      return;
    }
    // Frames of a request that was cancelled may still be on their way.
    const request = this.#requests.get(frame.requestId);
    if (!request) return;
    if (frame.offset !== request.offset) {
      this.#end(frame.requestId, new TesseraError('network', 'a frame is missing'));
      return;
    }
    request.offset += frame.payload.length;
    request.frames.push(frame.payload);
    this.#watchForStall(request);
    if (frame.isLast) this.#end(frame.requestId, null);
  }

  #watchForStall(request: OpenRequest): void {
    request.stopTimer();
    request.stopTimer = this.#options.clock.after(kStallMsMax, () =>
      request.frames.fail(new TesseraError('network', 'The server stopped sending.')),
    );
  }

  #end(requestId: number, error: TesseraError | null): void {
    const request = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    if (error) request?.frames.fail(error);
    else request?.frames.end();
  }
}

function closedError({ error }: Extract<SessionState, { type: 'closed' }>): TesseraError {
  return error ? TesseraError.fromObject(error) : TesseraError.cancelled();
}
