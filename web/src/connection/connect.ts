// Opens a client session with a server: answers that some other tab generates, without gap or
// repetition even when the connection breaks on the way.
import {
  messageToClientRules,
  type MessageToClient,
  type ResponseCreate,
  type WireMessage,
} from '../../../protocol/generated/protocol.ts';
import { systemClock, type Clock } from '../clock.ts';
import type { ChatMessage } from '../engine/openaiTypes.ts';
import { EventQueue } from '../eventQueue.ts';
import { TesseraError, type ErrorObject } from '../tesseraError.ts';
import { kAgent } from './agent.ts';
import type {
  Client,
  ClientOptions,
  ClientState,
  ResponseEvent,
  ResponseParameters,
} from './client.ts';
import { Session, userSentence, type SessionState } from './session.ts';
import { openBrowserSocket, type OpenSocket } from './socket.ts';

export interface ConnectEnvironment {
  openSocket: OpenSocket;
  clock: Clock;
}

export function connect(
  options: ClientOptions = {},
  environment: ConnectEnvironment = { openSocket: openBrowserSocket, clock: systemClock },
): Client {
  const client = new ServerClient(options, environment);
  options.signal?.addEventListener('abort', () => client.close(), { once: true });
  if (options.signal?.aborted) client.close();
  return client;
}

interface OpenResponse {
  request: ResponseCreate & { event_id: string };
  events: EventQueue<ResponseEvent>;
  // Null until the server has said it.
  responseId: string | null;
  // -1: none yet.
  lastSequenceNumber: number;
  isCancelled: boolean;
}

type Numbered = Extract<MessageToClient, { sequence_number: number }>;

class ServerClient implements Client {
  readonly #session: Session<MessageToClient>;
  readonly #onState: ((state: ClientState) => void) | undefined;
  readonly #open = new Set<OpenResponse>();
  #state: ClientState = { type: 'connecting' };
  #nextEventId = 1;

  readonly responses = {
    create: (parameters: ResponseParameters): AsyncIterable<ResponseEvent> =>
      this.#create(parameters),
  };

  constructor(options: ClientOptions, environment: ConnectEnvironment) {
    this.#onState = options.onState;
    this.#session = new Session<MessageToClient>({
      ...environment,
      baseUrl: options.url ?? globalThis.location.origin,
      apiKey: options.apiKey,
      role: 'client',
      agent: kAgent,
      rules: messageToClientRules,
      onState: (state) => this.#sessionChanged(state),
      onMessage: (message) => this.#receive(message),
    });
  }

  get state(): ClientState {
    return this.#state;
  }

  close(): void {
    this.#session.close();
  }

  #create(parameters: ResponseParameters): AsyncIterable<ResponseEvent> {
    const { signal } = parameters;
    const cancel = () => this.#cancel(response);
    const response: OpenResponse = {
      request: makeRequest(parameters, String(this.#nextEventId++)),
      events: new EventQueue<ResponseEvent>(cancel),
      responseId: null,
      lastSequenceNumber: -1,
      isCancelled: false,
    };
    const { state } = this.#session;
    if (signal?.aborted) {
      response.events.end();
    } else if (state.type === 'closed') {
      response.events.fail(closedError(state.error));
    } else {
      this.#open.add(response);
      signal?.addEventListener('abort', cancel, { once: true });
      this.#session.send(response.request);
    }
    return response.events;
  }

  // The reader's iteration ends at once; the server is told as soon as there is a name for what to
  // stop.
  #cancel(response: OpenResponse): void {
    if (!this.#open.has(response)) return;
    response.isCancelled = true;
    response.events.end();
    if (response.responseId === null) return;
    this.#session.send({ type: 'response.cancel', response_id: response.responseId });
    this.#open.delete(response);
  }

  #sessionChanged(state: SessionState): void {
    switch (state.type) {
      case 'connecting':
        this.#enter({ type: 'connecting' });
        return;
      case 'connected':
        this.#enter({ type: 'connected', sessionId: state.welcome.session_id });
        for (const response of this.#open) this.#attach(response);
        return;
      case 'waiting':
        this.#enter({
          type: 'waiting',
          retryAtMs: Date.now() + state.retryInMs,
          reason: state.reason,
        });
        return;
      case 'closed':
        for (const { events } of this.#open) events.fail(closedError(state.error));
        this.#open.clear();
        this.#enter({ type: 'closed', error: state.error });
        return;
    }
  }

  // Asks anew for what the server never confirmed; goes on with what it did.
  #attach(response: OpenResponse): void {
    if (response.responseId !== null) {
      this.#session.send({
        type: 'response.resume',
        response_id: response.responseId,
        after_sequence_number: response.lastSequenceNumber,
      });
    } else if (response.isCancelled) {
      this.#open.delete(response);
    } else {
      this.#session.send(response.request);
    }
  }

  #receive(message: MessageToClient): void {
    switch (message.type) {
      case 'error':
        this.#refused(message.error, (response) =>
          message.response_id === undefined
            ? response.request.event_id === message.event_id
            : response.responseId === message.response_id,
        );
        return;
      case 'response.created':
        this.#created(message.event_id, message.response_id);
        this.#numbered(message);
        return;
      case 'response.queued':
        this.#find(message.response_id)?.events.push({
          type: message.type,
          responseId: message.response_id,
          position: message.position,
        });
        return;
      case 'response.in_progress':
        this.#find(message.response_id)?.events.push({
          type: message.type,
          responseId: message.response_id,
          prefillTokensDone: message.prefill_tokens_done,
          prefillTokensTotal: message.prefill_tokens_total,
        });
        return;
      case 'response.output_text.delta':
      case 'response.completed':
      case 'response.failed':
        this.#numbered(message);
        return;
      case 'session.closing':
      case 'session.welcome':
      case 'session.pong':
        return;
      default:
        message satisfies never;
    }
  }

  #find(responseId: string): OpenResponse | undefined {
    return [...this.#open].find((response) => response.responseId === responseId);
  }

  #created(eventId: string | undefined, responseId: string): void {
    for (const response of this.#open) {
      if (response.request.event_id !== eventId || response.responseId !== null) continue;
      response.responseId = responseId;
      if (response.isCancelled) this.#cancel(response);
    }
  }

  #numbered(message: Numbered): void {
    const response = this.#find(message.response_id);
    // A number seen before is a repetition after a resume; one too high cannot come on a connection
    // in order.
    if (!response || message.sequence_number <= response.lastSequenceNumber) return;
    response.lastSequenceNumber = message.sequence_number;
    response.events.push(readNumbered(message));
    if (message.type === 'response.completed' || message.type === 'response.failed') {
      this.#open.delete(response);
      response.events.end();
    }
  }

  #refused(error: ErrorObject, concerns: (response: OpenResponse) => boolean): void {
    for (const response of this.#open) {
      if (!concerns(response)) continue;
      this.#open.delete(response);
      response.events.fail(new TesseraError(error.code, userSentence(error)));
    }
  }

  #enter(state: ClientState): void {
    this.#state = state;
    this.#onState?.(state);
  }
}

function readNumbered(message: Numbered): ResponseEvent {
  const { response_id: responseId } = message;
  switch (message.type) {
    case 'response.created':
      return { type: message.type, responseId, seed: message.seed };
    case 'response.output_text.delta':
      return {
        type: message.type,
        responseId,
        delta: message.delta,
        tokenIds: message.token_ids,
        logprobs: message.logprobs ?? null,
      };
    case 'response.completed':
      return {
        type: message.type,
        responseId,
        finishReason: message.finish_reason,
        promptTokens: message.usage.prompt_tokens,
        completionTokens: message.usage.completion_tokens,
      };
    case 'response.failed':
      return { type: message.type, responseId, error: message.error };
  }
}

function makeRequest(parameters: ResponseParameters, eventId: string) {
  const { signal: _signal, messages, stop, ...rest } = parameters;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...given,
    type: 'response.create' as const,
    event_id: eventId,
    ...(messages === undefined ? {} : { messages: messages.map(wireMessage) }),
    ...(stop === undefined ? {} : { stop: typeof stop === 'string' ? [stop] : stop }),
  };
}

function wireMessage({ role, content, name }: ChatMessage): WireMessage {
  const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
  return { role, content: text, ...(name === undefined ? {} : { name }) };
}

function closedError(error: ErrorObject | null): TesseraError {
  return error
    ? TesseraError.fromObject(error)
    : new TesseraError('cancelled', 'The connection was closed.');
}
