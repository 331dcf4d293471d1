import { describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../../test-support/fakeClock.ts';
import { FakeSockets } from '../../test-support/fakeSocket.ts';
import type {
  GenerateParameters,
  GenerationEvent,
  GenerationSummary,
} from '../runtime/workerMethods.ts';
import { TesseraError } from '../tesseraError.ts';
import { Runner } from './runner.ts';
import type { RunnerRequest, RunnerState } from './runnerSession.ts';

interface Generation {
  parameters: GenerateParameters;
  emit: (event: GenerationEvent) => void;
  finish: (summary?: Partial<GenerationSummary>) => void;
  fail: (error: TesseraError) => void;
  signal: AbortSignal;
}

const summary: GenerationSummary = {
  finishReason: 'stop',
  promptTokens: 5,
  cachedTokens: 1,
  tokens: 2,
  prefillMs: 1,
  prefillTokens: 4,
  decodeMs: 1,
  decodeTokens: 2,
};

function setUp() {
  const sockets = new FakeSockets();
  const clock = new FakeClock();
  const states: RunnerState[] = [];
  const requests: RunnerRequest[] = [];
  const generations: Generation[] = [];
  const runner = new Runner({
    baseUrl: 'http://server',
    model: 'tiny',
    contextTokensMax: 1024,
    backend: 'wasm',
    threads: 2,
    generate: (parameters, { signal, onEvent }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(TesseraError.cancelled()));
        generations.push({
          parameters,
          emit: onEvent,
          finish: (fields) => resolve({ ...summary, ...fields }),
          fail: reject,
          signal,
        });
      }),
    openSocket: sockets.open,
    clock,
    onState: (state) => states.push(state),
    onRequest: (request) => requests.push(request),
  });
  const generation = (index = 0): Generation => {
    const found = generations[index];
    if (!found) throw new Error(`generation ${index} has not begun`);
    return found;
  };
  return { sockets, clock, states, requests, generations, generation, runner };
}

const create = (fields: Record<string, unknown> = {}) => ({
  type: 'response.create',
  response_id: 'r-1',
  model: 'tiny',
  prompt: 'Once',
  seed: 3,
  ...fields,
});

const started = { type: 'started', promptTokens: 5, cachedTokens: 1, seed: 3 } as const;
const token = (id: number, text: string) => ({ type: 'token', id, text, logprobs: null }) as const;

describe('a runner', () => {
  test('registers its model when welcomed', () => {
    const { sockets, states } = setUp();
    sockets.latest.welcome();
    expect(sockets.latest.sentOfType('session.hello')).toMatchObject([{ role: 'runner' }]);
    expect(sockets.latest.sentOfType('runner.ready')).toMatchObject([
      { model: 'tiny', context_tokens_max: 1024, backend: 'wasm', threads: 2 },
    ]);
    expect(states.at(-1)).toEqual({ type: 'serving', sessionId: 's-1', requests: 0 });
  });

  test('answers with numbered deltas and their token ids', async () => {
    const { sockets, generation, requests, states } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create({ temperature: 0, stop: ['END'], max_tokens: 9, min_p: 0.1 }));
    expect(generation().parameters).toMatchObject({
      origin: 'remote',
      prompt: { type: 'text', text: 'Once' },
      temperature: 0,
      stop: ['END'],
      maxTokens: 9,
      minP: 0.1,
      seed: 3,
      continuationIds: [],
    });
    generation().emit(started);
    generation().emit({ type: 'prefill', done: 4, total: 4 });
    generation().emit(token(11, ' upon'));
    generation().emit(token(12, ''));
    generation().finish();
    await settle();
    expect(sockets.latest.sent.slice(2)).toEqual([
      {
        type: 'response.in_progress',
        response_id: 'r-1',
        prefill_tokens_done: 4,
        prefill_tokens_total: 4,
      },
      {
        type: 'response.output_text.delta',
        response_id: 'r-1',
        sequence_number: 0,
        delta: ' upon',
        token_ids: [11],
      },
      {
        type: 'response.output_text.delta',
        response_id: 'r-1',
        sequence_number: 1,
        delta: '',
        token_ids: [12],
      },
      {
        type: 'response.completed',
        response_id: 'r-1',
        sequence_number: 2,
        finish_reason: 'stop',
        usage: { prompt_tokens: 5, completion_tokens: 2, cached_tokens: 1 },
      },
    ]);
    expect(requests.map(({ type }) => type)).toEqual(['started', 'token', 'token', 'finished']);
    expect(states.at(-1)).toMatchObject({ type: 'serving', requests: 1 });
  });

  test('goes on after another runner’s tokens, and counts them', async () => {
    const { sockets, generation } = setUp();
    sockets.latest.welcome();
    const messages = [{ role: 'user', content: 'Hi' }];
    sockets.latest.say(create({ prompt: null, messages, continuation_ids: [1, 2, 3] }));
    expect(generation().parameters).toMatchObject({
      prompt: { type: 'messages', messages },
      continuationIds: [1, 2, 3],
    });
    generation().emit(started);
    generation().emit(token(4, 'x'));
    generation().finish({ finishReason: 'length' });
    await settle();
    expect(sockets.latest.sentOfType('response.completed')).toMatchObject([
      { sequence_number: 1, finish_reason: 'length', usage: { completion_tokens: 4 } },
    ]);
  });

  test('reports log probabilities where they are asked for', () => {
    const { sockets, generation } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create({ logprobs: 2 }));
    expect(generation().parameters.logprobs).toBe(2);
    const logprobs = { token_id: 4, token: 'x', logprob: -1, top_logprobs: [] };
    generation().emit({ type: 'token', id: 4, text: 'x', logprobs });
    expect(sockets.latest.sentOfType('response.output_text.delta')).toMatchObject([
      { logprobs: [logprobs] },
    ]);
  });

  test('stops when the server cancels, and says how far it came', async () => {
    const { sockets, generation, requests } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    generation().emit(started);
    generation().emit(token(11, 'a'));
    sockets.latest.say({ type: 'response.cancel', response_id: 'r-1' });
    await settle();
    expect(generation().signal.aborted).toBe(true);
    expect(sockets.latest.sentOfType('response.completed')).toMatchObject([
      { finish_reason: 'cancelled', usage: { prompt_tokens: 5, completion_tokens: 1 } },
    ]);
    expect(requests.at(-1)?.type).toBe('cancelled');
  });

  test.each([
    ['context_full', 'context_full'],
    ['worker_failed', 'internal'],
  ])('fails with %s as %s', async (code, wireCode) => {
    const { sockets, generation } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    generation().fail(new TesseraError(code, 'x'.repeat(5000)));
    await settle();
    const [failed] = sockets.latest.sentOfType('response.failed');
    expect(failed).toMatchObject({ sequence_number: 0, error: { code: wireCode } });
    expect(JSON.stringify(failed).length).toBeLessThan(2048);
  });

  test('a request with nothing to answer fails as the request’s own fault', async () => {
    const { sockets } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create({ prompt: null }));
    await settle();
    expect(sockets.latest.sentOfType('response.failed')).toMatchObject([
      { error: { code: 'invalid_argument' } },
    ]);
  });

  test('cancelling what it does not know does nothing', () => {
    const { sockets } = setUp();
    sockets.latest.welcome();
    sockets.latest.say({ type: 'response.cancel', response_id: 'r-9' });
    expect(sockets.latest.sent).toHaveLength(2);
  });
});

describe('a runner whose server restarts', () => {
  test('drops its work, comes back and registers again', async () => {
    const { sockets, generation, clock, states } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    sockets.latest.drop(1001);
    expect(generation().signal.aborted).toBe(true);
    expect(states.at(-1)?.type).toBe('waiting');
    await clock.advance(500);
    sockets.latest.welcome({ session_id: 's-2' });
    expect(sockets.latest.sent.map(({ type }) => type)).toEqual(['session.hello', 'runner.ready']);
    expect(states.at(-1)).toMatchObject({ type: 'serving', sessionId: 's-2' });
  });

  test('an old generation says nothing on the new connection', async () => {
    const { sockets, generation, clock } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    const { emit } = generation();
    sockets.latest.drop();
    await clock.advance(500);
    sockets.latest.welcome();
    sockets.latest.say(create());
    emit(token(1, 'old'));
    generation(1).emit(token(2, 'new'));
    expect(sockets.latest.sentOfType('response.output_text.delta')).toMatchObject([
      { delta: 'new', sequence_number: 0 },
    ]);
  });
});

describe('a runner and its own tab’s chat', () => {
  test('pauses while the chat answers, and is ready again after', () => {
    const { sockets, runner } = setUp();
    sockets.latest.welcome();
    runner.setLocalBusy(true);
    runner.setLocalBusy(false);
    expect(sockets.latest.sent.slice(1).map(({ type }) => type)).toEqual([
      'runner.ready',
      'runner.paused',
      'runner.ready',
    ]);
  });

  test('is not ready again before the response it works on has ended', async () => {
    const { sockets, runner, generation } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    runner.setLocalBusy(true);
    runner.setLocalBusy(false);
    generation().finish();
    await settle();
    expect(sockets.latest.sent.slice(1).map(({ type }) => type)).toEqual([
      'runner.ready',
      'runner.paused',
      'response.completed',
      'runner.ready',
    ]);
  });

  test('says that it is alive while a request waits behind the chat', async () => {
    const { sockets, generation, clock } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    generation().emit({ type: 'queued' });
    await clock.advance(40_000);
    expect(sockets.latest.sentOfType('response.in_progress')).toHaveLength(2);
    sockets.latest.say({ type: 'session.pong' });
    generation().emit(started);
    await clock.advance(29_000);
    expect(sockets.latest.sentOfType('response.in_progress')).toHaveLength(2);
  });
});

describe('the end of a runner', () => {
  test('stop() closes the connection and ends what runs', async () => {
    const { sockets, runner, generation, clock } = setUp();
    sockets.latest.welcome();
    sockets.latest.say(create());
    runner.stop();
    expect(generation().signal.aborted).toBe(true);
    expect(sockets.latest.closeCode).toBe(1000);
    expect(runner.state).toEqual({ type: 'stopped', error: null });
    await clock.advance(600_000);
    expect(sockets.connections).toHaveLength(1);
  });

  test('a model that the server does not offer is told, and not tried again', async () => {
    const { sockets, runner, clock } = setUp();
    sockets.latest.welcome();
    const error = { code: 'model_not_found', message: 'no model tiny' };
    sockets.latest.say({ type: 'error', event_id: 'ready', error });
    expect(runner.state).toMatchObject({ type: 'stopped', error: { code: 'model_not_found' } });
    await clock.advance(600_000);
    expect(sockets.connections).toHaveLength(1);
  });
});
