import { describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../../test-support/fakeClock.ts';
import { FakeSockets } from '../../test-support/fakeSocket.ts';
import type { ClientState, ResponseEvent, ResponseParameters } from './client.ts';
import { connect } from './connect.ts';

function setUp() {
  const sockets = new FakeSockets();
  const clock = new FakeClock();
  const states: ClientState[] = [];
  const client = connect(
    { url: 'http://server', onState: (state) => states.push(state) },
    { openSocket: sockets.open, clock },
  );
  const ask = (parameters: Partial<ResponseParameters> = {}) => {
    const events: ResponseEvent[] = [];
    const done = (async () => {
      const request = { model: 'tiny', prompt: 'Hi', ...parameters };
      for await (const event of client.responses.create(request)) events.push(event);
    })();
    // Looked at later, or not at all.
    done.catch(() => undefined);
    const text = () => events.map((event) => ('delta' in event ? event.delta : '')).join('');
    return { events, done, text };
  };
  return { sockets, clock, states, client, ask };
}

const created = (event_id: string, response_id = 'r-1') => ({
  type: 'response.created',
  event_id,
  response_id,
  sequence_number: 0,
  model: 'tiny',
  seed: 1,
  created_at: 1,
});

const delta = (sequence_number: number, text: string, response_id = 'r-1') => ({
  type: 'response.output_text.delta',
  response_id,
  sequence_number,
  delta: text,
  token_ids: [sequence_number],
});

const completed = (sequence_number: number, response_id = 'r-1') => ({
  type: 'response.completed',
  response_id,
  sequence_number,
  finish_reason: 'stop',
  usage: { prompt_tokens: 2, completion_tokens: 3 },
});

describe('a client', () => {
  test('asks as soon as it is connected, and gets the answer in order', async () => {
    const { sockets, ask } = setUp();
    const answer = ask({ temperature: 0, stop: 'END', seed: undefined });
    sockets.latest.welcome();
    expect(sockets.latest.sentOfType('response.create')).toEqual([
      {
        type: 'response.create',
        event_id: '1',
        model: 'tiny',
        prompt: 'Hi',
        temperature: 0,
        stop: ['END'],
      },
    ]);
    sockets.latest.say(created('1'));
    sockets.latest.say({ type: 'response.queued', response_id: 'r-1', position: 2 });
    sockets.latest.say(delta(1, 'Once'));
    sockets.latest.say(delta(2, ' upon'));
    sockets.latest.say(completed(3));
    await answer.done;
    expect(answer.text()).toBe('Once upon');
    expect(answer.events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.queued',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.completed',
    ]);
    expect(answer.events.at(-1)).toMatchObject({ finishReason: 'stop', completionTokens: 3 });
  });

  test('resumes after a lost connection, with no gap and no repetition', async () => {
    const { sockets, ask, clock, states } = setUp();
    const answer = ask();
    sockets.latest.welcome();
    sockets.latest.say(created('1'));
    sockets.latest.say(delta(1, 'a'));
    sockets.latest.say(delta(2, 'b'));
    sockets.latest.drop();
    await clock.advance(500);
    sockets.latest.welcome({ session_id: 's-2' });
    expect(sockets.latest.sent.slice(1)).toEqual([
      { type: 'response.resume', response_id: 'r-1', after_sequence_number: 2 },
    ]);
    sockets.latest.say(delta(2, 'b'));
    sockets.latest.say(delta(3, 'c'));
    sockets.latest.say(completed(4));
    await answer.done;
    expect(answer.text()).toBe('abc');
    expect(states.map(({ type }) => type)).toEqual([
      'connecting',
      'connected',
      'waiting',
      'connecting',
      'connected',
    ]);
  });

  test('asks again for what the server never confirmed', async () => {
    const { sockets, ask, clock } = setUp();
    const answer = ask();
    sockets.latest.welcome();
    sockets.latest.drop();
    await clock.advance(500);
    sockets.latest.welcome();
    expect(sockets.latest.sentOfType('response.create')).toHaveLength(1);
    sockets.latest.say(created('1'));
    sockets.latest.say(completed(1));
    await answer.done;
  });

  test('keeps several answers apart', async () => {
    const { sockets, ask } = setUp();
    const first = ask();
    const second = ask();
    sockets.latest.welcome();
    sockets.latest.say(created('2', 'r-2'));
    sockets.latest.say(created('1', 'r-1'));
    sockets.latest.say(delta(1, 'two', 'r-2'));
    sockets.latest.say(delta(1, 'one', 'r-1'));
    sockets.latest.say(completed(2, 'r-2'));
    sockets.latest.say(completed(2, 'r-1'));
    await Promise.all([first.done, second.done]);
    expect([first.text(), second.text()]).toEqual(['one', 'two']);
  });

  test.each([
    ['by its event id', { event_id: '1' }],
    ['by its response id', { response_id: 'r-1' }],
  ])('a refusal %s rejects, with the sentence for the user', async (_name, fields) => {
    const { sockets, ask } = setUp();
    const answer = ask();
    sockets.latest.welcome();
    if ('response_id' in fields) sockets.latest.say(created('1'));
    const error = { code: 'no_runner', message: 'no runner of tiny' };
    sockets.latest.say({ type: 'error', ...fields, error });
    await expect(answer.done).rejects.toMatchObject({
      code: 'no_runner',
      message: expect.stringContaining('No browser tab') as string,
    });
  });

  test('an answer that fails ends with the reason', async () => {
    const { sockets, ask } = setUp();
    const answer = ask();
    sockets.latest.welcome();
    sockets.latest.say(created('1'));
    const error = { code: 'runner_lost', message: 'gone' };
    sockets.latest.say({ type: 'response.failed', response_id: 'r-1', sequence_number: 1, error });
    await answer.done;
    expect(answer.events.at(-1)).toMatchObject({ type: 'response.failed', error });
  });

  test('aborting ends the iteration at once and tells the server', async () => {
    const { sockets, ask } = setUp();
    const controller = new AbortController();
    const answer = ask({ signal: controller.signal });
    sockets.latest.welcome();
    sockets.latest.say(created('1'));
    sockets.latest.say(delta(1, 'a'));
    await settle();
    controller.abort();
    await answer.done;
    expect(answer.text()).toBe('a');
    expect(sockets.latest.sentOfType('response.cancel')).toEqual([
      { type: 'response.cancel', response_id: 'r-1' },
    ]);
  });

  test('aborting before the answer has a name cancels it when it gets one', async () => {
    const { sockets, ask } = setUp();
    const controller = new AbortController();
    const answer = ask({ signal: controller.signal });
    sockets.latest.welcome();
    controller.abort();
    await answer.done;
    expect(sockets.latest.sentOfType('response.cancel')).toEqual([]);
    sockets.latest.say(created('1'));
    expect(sockets.latest.sentOfType('response.cancel')).toHaveLength(1);
  });

  test('closing rejects what is open', async () => {
    const { sockets, ask, client } = setUp();
    const answer = ask();
    sockets.latest.welcome();
    client.close();
    await expect(answer.done).rejects.toMatchObject({ code: 'cancelled' });
    await expect(ask().done).rejects.toMatchObject({ code: 'cancelled' });
  });
});
