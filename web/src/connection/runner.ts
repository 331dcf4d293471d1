// A runner: registers this tab's model with the server and answers the requests it is given, until
// stopped.
import {
  errors,
  messageToRunnerRules,
  type MessageToRunner,
  type ResponseAssign,
  type RunnerMessage,
  type WireError,
  type WireUsage,
} from '../../../protocol/generated/protocol.ts';
import type { Clock } from '../clock.ts';
import type {
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
  Prompt,
} from '../runtime/workerMethods.ts';
import { TesseraError, type ErrorObject } from '../tesseraError.ts';
import { kAgent } from './agent.ts';
import type { RunnerOptions, RunnerSession, RunnerState } from './runnerSession.ts';
import { Session, userSentence, type SessionState } from './session.ts';
import type { OpenSocket } from './socket.ts';

export type Generate = (
  parameters: GenerateParameters,
  options: { signal: AbortSignal; onEvent: (event: GenerationEvent) => void },
) => Promise<GenerationSummary>;

export interface RunnerSetup extends RunnerOptions {
  baseUrl: string;
  apiKey?: string | undefined;
  model: string;
  contextTokensMax: number;
  backend: string;
  threads: number;
  generate: Generate;
  openSocket: OpenSocket;
  clock: Clock;
}

interface RunningResponse {
  controller: AbortController;
  sequenceNumber: number;
  tokens: number;
  promptTokens: number;
  cachedTokens: number;
  stopHeartbeat: () => void;
}

// While a request waits behind the tab's own chat nothing is generated, and a silent runner would
// be replaced.
const kHeartbeatMs = 15_000;
const kReadyEventId = 'ready';
const kErrorMessageCharactersMax = 500;

export class Runner implements RunnerSession {
  readonly #setup: RunnerSetup;
  readonly #session: Session<MessageToRunner>;
  readonly #responses = new Map<string, RunningResponse>();
  #state: RunnerState = { type: 'connecting' };
  #requests = 0;
  #isLocalBusy = false;
  #hasPaused = false;

  constructor(setup: RunnerSetup) {
    this.#setup = setup;
    this.#session = new Session<MessageToRunner>({
      baseUrl: setup.baseUrl,
      apiKey: setup.apiKey,
      role: 'runner',
      agent: kAgent,
      rules: messageToRunnerRules,
      openSocket: setup.openSocket,
      clock: setup.clock,
      onState: (state) => this.#sessionChanged(state),
      onMessage: (message) => this.#receive(message),
    });
  }

  get state(): RunnerState {
    return this.#state;
  }

  stop(): void {
    this.#session.close();
  }

  // The model is gone, and with it the reason to be a runner.
  fail(error: ErrorObject): void {
    this.#session.close(error);
  }

  // The tab's own chat uses the model: new requests had better go to other runners meanwhile.
  setLocalBusy(isBusy: boolean): void {
    this.#isLocalBusy = isBusy;
    if (isBusy && !this.#hasPaused) {
      this.#hasPaused = this.#session.send({ type: 'runner.paused', reason: 'local' });
    }
    this.#resumeIfFree();
  }

  #resumeIfFree(): void {
    if (!this.#hasPaused || this.#isLocalBusy || this.#responses.size > 0) return;
    this.#sayReady();
  }

  #sayReady(): void {
    const { model, contextTokensMax, backend, threads } = this.#setup;
    this.#hasPaused = false;
    this.#session.send({
      type: 'runner.ready',
      event_id: kReadyEventId,
      model,
      context_tokens_max: contextTokensMax,
      backend,
      threads,
    });
  }

  #sessionChanged(state: SessionState): void {
    switch (state.type) {
      case 'connecting':
        this.#enter({ type: 'connecting' });
        return;
      case 'connected':
        this.#sessionStarted(state.welcome.session_id);
        return;
      case 'waiting':
        this.#abandonAll();
        this.#enter({
          type: 'waiting',
          retryAtMs: Date.now() + state.retryInMs,
          reason: state.reason,
        });
        return;
      case 'closed':
        this.#abandonAll();
        this.#enter({ type: 'stopped', error: state.error });
        return;
    }
  }

  #sessionStarted(sessionId: string): void {
    this.#sayReady();
    if (this.#isLocalBusy) this.setLocalBusy(true);
    this.#enter({ type: 'serving', sessionId, requests: this.#requests });
  }

  // The server gives them to other runners, or to this one again.
  #abandonAll(): void {
    const running = [...this.#responses];
    this.#responses.clear();
    for (const [responseId, response] of running) {
      response.stopHeartbeat();
      response.controller.abort();
      this.#setup.onRequest?.({ type: 'cancelled', responseId });
    }
  }

  #receive(message: MessageToRunner): void {
    switch (message.type) {
      case 'response.create':
        void this.#answer(message);
        return;
      case 'response.cancel':
        this.#responses.get(message.response_id)?.controller.abort();
        return;
      case 'error':
        // A model that the server does not know will not be known at the next attempt either.
        if (message.event_id === kReadyEventId) {
          const { code } = message.error;
          this.fail({ code, message: userSentence(message.error) });
        }
        return;
      case 'session.closing':
      case 'session.welcome':
      case 'session.pong':
        return;
      default:
        message satisfies never;
    }
  }

  async #answer(request: ResponseAssign): Promise<void> {
    const { response_id: responseId } = request;
    const response: RunningResponse = {
      controller: new AbortController(),
      sequenceNumber: 0,
      tokens: request.continuation_ids?.length ?? 0,
      promptTokens: 0,
      cachedTokens: 0,
      stopHeartbeat: () => undefined,
    };
    this.#responses.set(responseId, response);
    this.#setup.onRequest?.({ type: 'started', responseId });
    try {
      const parameters = readAssignment(request);
      const summary = await this.#setup.generate(parameters, {
        signal: response.controller.signal,
        onEvent: (event) => this.#tell(responseId, response, event),
      });
      this.#complete(responseId, response, summary.finishReason);
    } catch (thrown) {
      const error = TesseraError.from(thrown);
      if (error.code === 'cancelled') this.#complete(responseId, response, 'cancelled');
      else this.#failResponse(responseId, response, error);
    }
  }

  #tell(responseId: string, response: RunningResponse, event: GenerationEvent): void {
    if (this.#responses.get(responseId) !== response) return;
    switch (event.type) {
      case 'queued':
        this.#keepAlive(responseId, response);
        return;
      case 'started':
        response.stopHeartbeat();
        response.promptTokens = event.promptTokens;
        response.cachedTokens = event.cachedTokens;
        return;
      case 'prefill':
        this.#session.send({
          type: 'response.in_progress',
          response_id: responseId,
          prefill_tokens_done: event.done,
          prefill_tokens_total: event.total,
        });
        return;
      case 'token':
        response.tokens += 1;
        this.#session.send({
          type: 'response.output_text.delta',
          response_id: responseId,
          sequence_number: response.sequenceNumber++,
          delta: event.text,
          token_ids: [event.id],
          ...(event.logprobs ? { logprobs: [event.logprobs] } : {}),
        });
        this.#setup.onRequest?.({ type: 'token', responseId, tokens: response.tokens });
        return;
    }
  }

  #keepAlive(responseId: string, response: RunningResponse): void {
    response.stopHeartbeat = this.#setup.clock.after(kHeartbeatMs, () => {
      this.#session.send({
        type: 'response.in_progress',
        response_id: responseId,
        prefill_tokens_done: 0,
        prefill_tokens_total: 0,
      });
      this.#keepAlive(responseId, response);
    });
  }

  #complete(
    responseId: string,
    response: RunningResponse,
    finishReason: 'stop' | 'length' | 'cancelled',
  ): void {
    const usage: WireUsage = {
      prompt_tokens: response.promptTokens,
      completion_tokens: response.tokens,
      cached_tokens: response.cachedTokens,
    };
    const { tokens } = response;
    const isOurs = this.#endResponse(responseId, response, {
      type: 'response.completed',
      response_id: responseId,
      sequence_number: response.sequenceNumber,
      finish_reason: finishReason,
      usage,
    });
    if (!isOurs) return;
    this.#requests += 1;
    const type = finishReason === 'cancelled' ? 'cancelled' : 'finished';
    this.#setup.onRequest?.({ type, responseId, tokens });
    if (this.#state.type === 'serving') this.#enter({ ...this.#state, requests: this.#requests });
  }

  #failResponse(responseId: string, response: RunningResponse, error: TesseraError): void {
    const isOurs = this.#endResponse(responseId, response, {
      type: 'response.failed',
      response_id: responseId,
      sequence_number: response.sequenceNumber,
      error: wireError(error),
    });
    if (isOurs) this.#setup.onRequest?.({ type: 'failed', responseId, error: error.toObject() });
  }

  // False for a response that was abandoned with its connection: nobody waits for its end here.
  #endResponse(responseId: string, response: RunningResponse, message: RunnerMessage): boolean {
    response.stopHeartbeat();
    if (this.#responses.get(responseId) !== response) return false;
    this.#session.send(message);
    this.#responses.delete(responseId);
    this.#resumeIfFree();
    return true;
  }

  #enter(state: RunnerState): void {
    this.#state = state;
    this.#setup.onState?.(state);
  }
}

function readAssignment(request: ResponseAssign): GenerateParameters {
  return {
    origin: 'remote',
    prompt: readPrompt(request),
    continuationIds: request.continuation_ids ?? [],
    maxTokens: request.max_tokens,
    temperature: request.temperature,
    topK: request.top_k,
    topP: request.top_p,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    seed: request.seed,
    stop: request.stop ?? [],
    logprobs: request.logprobs,
    ignoreEnd: request.ignore_end ?? false,
  };
}

function readPrompt({ messages, prompt, prompt_ids: ids }: ResponseAssign): Prompt {
  if (messages) return { type: 'messages', messages };
  if (prompt !== undefined) return { type: 'text', text: prompt };
  if (ids) return { type: 'ids', ids };
  throw new TesseraError('invalid_argument', 'The request has neither messages nor a prompt.');
}

// Codes that only this library knows are of no use to the server.
function wireError(error: TesseraError): WireError {
  const code = Object.hasOwn(errors, error.code) ? error.code : 'internal';
  return { code, message: error.message.slice(0, kErrorMessageCharactersMax) };
}
