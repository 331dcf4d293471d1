// A session with the server that outlives its connections: it shakes hands, notices silence, and
// comes back with growing pauses when the server restarts or the network breaks.
import {
  errors,
  limits,
  protocolPath,
  protocolSubprotocol,
  protocolVersion,
  protocolVersionMin,
  type ErrorMessage,
  type FieldRules,
  type ClientMessage,
  type RunnerMessage,
  type SessionWelcome,
} from '../../../protocol/generated/protocol.ts';
import { readMessage } from '../../../protocol/readMessage.ts';
import { backoffMs, type Backoff, type Clock } from '../clock.ts';
import type { ErrorObject } from '../tesseraError.ts';
import { socketUrl, type OpenSocket, type Socket } from './socket.ts';

export type SessionState =
  | { type: 'connecting' }
  | { type: 'connected'; welcome: SessionWelcome }
  | { type: 'waiting'; retryInMs: number; reason: string }
  | { type: 'closed'; error: ErrorObject | null };

export interface SessionOptions<Incoming extends { type: string }> {
  baseUrl: string;
  role: 'runner' | 'client';
  agent: string;
  apiKey?: string | undefined;
  rules: Readonly<Record<Incoming['type'], FieldRules>>;
  openSocket: OpenSocket;
  clock: Clock;
  onState: (state: SessionState) => void;
  // Everything after the handshake but pongs.
  onMessage: (message: Incoming) => void;
  onBinary?: (bytes: ArrayBuffer) => void;
}

export const kReconnectBackoff: Backoff = { firstMs: 500, maxMs: 15_000 };
const kQuietMsMax = limits.idle_timeout_ms / 2;
const kPongWaitMsMax = 15_000;
const kUnreachable = 'The server cannot be reached.';

// Refusals that another attempt would only meet again.
const fatalCodes = new Set(['protocol_too_old', 'protocol_too_new', 'unauthorized']);

// What the user reads for an error of the server.
export function userSentence(error: ErrorObject): string {
  const known = Object.entries(errors).find(([code]) => code === error.code);
  return known ? known[1].user : error.message;
}

export class Session<Incoming extends { type: string }> {
  readonly #options: SessionOptions<Incoming>;
  #state: SessionState = { type: 'connecting' };
  #socket: Socket | null = null;
  // Callbacks of sockets before the current one are ignored.
  #generation = 0;
  #failures = 0;
  #refusal: ErrorObject | null = null;
  #stopTimer: () => void = () => undefined;

  constructor(options: SessionOptions<Incoming>) {
    this.#options = options;
    this.#connect();
  }

  get state(): SessionState {
    return this.#state;
  }

  // False, and nothing is sent, while there is no connection.
  send(message: RunnerMessage | ClientMessage): boolean {
    if (this.#state.type !== 'connected' || !this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  // Ends the session for good; `error` says why if it was not wished.
  close(error: ErrorObject | null = null, code = 1000): void {
    if (this.#state.type === 'closed') return;
    this.#drop(code);
    this.#enter({ type: 'closed', error });
  }

  #connect(): void {
    const generation = ++this.#generation;
    const isCurrent = () => generation === this.#generation;
    this.#refusal = null;
    this.#enter({ type: 'connecting' });
    this.#startTimer(limits.handshake_timeout_ms, () => this.#lose());
    const url = socketUrl(this.#options.baseUrl, protocolPath);
    this.#socket = this.#options.openSocket(url, protocolSubprotocol, {
      onOpen: () => isCurrent() && this.#sayHello(),
      onText: (text) => isCurrent() && this.#receive(text),
      onBinary: (bytes) => isCurrent() && this.#options.onBinary?.(bytes),
      onClose: () => isCurrent() && this.#lose(),
    });
  }

  #sayHello(): void {
    const { role, agent, apiKey } = this.#options;
    const hello = {
      type: 'session.hello',
      protocol_version: protocolVersion,
      protocol_version_min: protocolVersionMin,
      role,
      agent,
      ...(apiKey === undefined ? {} : { api_key: apiKey }),
    };
    this.#socket?.send(JSON.stringify(hello));
  }

  #receive(text: string): void {
    const read = readMessage<Incoming>(text, this.#options.rules);
    // A later server may send more than this version knows; what matters it will not leave at that.
    if ('error' in read) return;
    const message: { type: string } = read.ok;
    if (this.#state.type !== 'connected') {
      if (message.type === 'session.welcome') this.#welcome(message as SessionWelcome);
      if (message.type === 'error') this.#refused((message as ErrorMessage).error);
      return;
    }
    this.#watchForSilence();
    if (message.type === 'error') this.#refusal = (message as ErrorMessage).error;
    if (message.type !== 'session.pong') this.#options.onMessage(read.ok);
  }

  #welcome(welcome: SessionWelcome): void {
    const version = welcome.protocol_version;
    if (version < protocolVersionMin || version > protocolVersion) {
      const code = version < protocolVersionMin ? 'protocol_too_new' : 'protocol_too_old';
      this.close({ code, message: errors[code].user }, errors[code].close);
      return;
    }
    this.#failures = 0;
    this.#watchForSilence();
    this.#enter({ type: 'connected', welcome });
  }

  #refused(error: ErrorObject): void {
    this.#refusal = error;
    if (fatalCodes.has(error.code)) this.close({ code: error.code, message: userSentence(error) });
  }

  // A connection whose other end has vanished may stay open for minutes: ask, and give up on it if
  // nothing comes.
  #watchForSilence(): void {
    this.#startTimer(kQuietMsMax, () => {
      this.send({ type: 'session.ping' });
      this.#startTimer(kPongWaitMsMax, () => this.#lose());
    });
  }

  #lose(): void {
    this.#drop(1000);
    this.#failures += 1;
    const retryInMs = backoffMs(kReconnectBackoff, this.#failures, this.#options.clock);
    const reason = this.#refusal ? userSentence(this.#refusal) : kUnreachable;
    this.#startTimer(retryInMs, () => this.#connect());
    this.#enter({ type: 'waiting', retryInMs, reason });
  }

  #drop(code: number): void {
    this.#generation += 1;
    this.#stopTimer();
    this.#socket?.close(code);
    this.#socket = null;
  }

  #startTimer(ms: number, callback: () => void): void {
    this.#stopTimer();
    this.#stopTimer = this.#options.clock.after(ms, callback);
  }

  #enter(state: SessionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
