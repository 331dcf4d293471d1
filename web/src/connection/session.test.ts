import { describe, expect, test } from 'vitest';
import {
  limits,
  messageToClientRules,
  type MessageToClient,
} from '../../../protocol/generated/protocol.ts';
import { FakeClock } from '../../test-support/fakeClock.ts';
import { FakeSockets } from '../../test-support/fakeSocket.ts';
import { Session, type SessionState } from './session.ts';

function setUp(apiKey?: string) {
  const sockets = new FakeSockets();
  const clock = new FakeClock();
  const states: SessionState[] = [];
  const messages: MessageToClient[] = [];
  const session = new Session<MessageToClient>({
    baseUrl: 'http://server:8080/chat',
    role: 'client',
    agent: 'test',
    apiKey,
    rules: messageToClientRules,
    openSocket: sockets.open,
    clock,
    onState: (state) => states.push(state),
    onMessage: (message) => messages.push(message),
  });
  return { sockets, clock, states, messages, session };
}

const pauseOf = (state: SessionState | undefined) =>
  state?.type === 'waiting' ? state.retryInMs : 0;

const refusal = (code: string) => ({ type: 'error', error: { code, message: `because ${code}` } });

describe('the handshake', () => {
  test('says hello with versions and role, and is connected when welcomed', () => {
    const { sockets, session } = setUp();
    expect(sockets.latest).toMatchObject({
      url: 'ws://server:8080/ws',
      subprotocol: 'tessera.v1',
    });
    expect(session.send({ type: 'session.ping' })).toBe(false);
    sockets.latest.welcome();
    expect(sockets.latest.sent).toEqual([
      {
        type: 'session.hello',
        protocol_version: 1,
        protocol_version_min: 1,
        role: 'client',
        agent: 'test',
      },
    ]);
    expect(session.state).toMatchObject({ type: 'connected', welcome: { session_id: 's-1' } });
    expect(session.send({ type: 'session.ping' })).toBe(true);
  });

  test('carries the API key where there is one', () => {
    const { sockets } = setUp('secret');
    sockets.latest.open();
    expect(sockets.latest.sent).toMatchObject([{ type: 'session.hello', api_key: 'secret' }]);
  });

  test.each([
    ['protocol_too_old', /Reload it/],
    ['protocol_too_new', /Ask whoever runs it/],
    ['unauthorized', /API key/],
  ])('a refusal as %s is final, with the sentence for the user', async (code, sentence) => {
    const { sockets, session, clock } = setUp();
    sockets.latest.open();
    sockets.latest.say(refusal(code));
    sockets.latest.drop(4406);
    await clock.advance(600_000);
    expect(session.state).toMatchObject({
      type: 'closed',
      error: { code, message: expect.stringMatching(sentence) as string },
    });
    expect(sockets.connections).toHaveLength(1);
  });

  test('a welcome in a version of the future is refused by this side', () => {
    const { sockets, session } = setUp();
    sockets.latest.welcome({ protocol_version: 2 });
    expect(session.state).toMatchObject({ type: 'closed', error: { code: 'protocol_too_old' } });
    expect(sockets.latest.closeCode).toBe(4406);
  });

  test('a server that is full is tried again, and the user learns why', async () => {
    const { sockets, session, clock } = setUp();
    sockets.latest.open();
    sockets.latest.say(refusal('too_many_sessions'));
    sockets.latest.drop(4429);
    expect(session.state).toMatchObject({
      type: 'waiting',
      reason: expect.stringContaining('as many visitors') as string,
    });
    await clock.advance(500);
    expect(sockets.connections).toHaveLength(2);
  });

  test('a server that never answers is given up after a while, and tried again', async () => {
    const { sockets, clock, session } = setUp();
    sockets.latest.open();
    await clock.advance(limits.handshake_timeout_ms);
    expect(session.state.type).toBe('waiting');
    await clock.advance(500);
    expect(sockets.connections).toHaveLength(2);
  });
});

describe('coming back', () => {
  test('pauses double from half a second up to fifteen', async () => {
    const { sockets, clock, states } = setUp();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      sockets.latest.drop();
      await clock.advance(pauseOf(states.at(-1)));
    }
    const pauses = states.flatMap((state) => (state.type === 'waiting' ? state.retryInMs : []));
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  });

  test('a welcome ends the growing', async () => {
    const { sockets, clock, session } = setUp();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      sockets.latest.drop();
      await clock.advance(pauseOf(session.state));
    }
    sockets.latest.welcome();
    sockets.latest.drop(1001);
    expect(session.state).toMatchObject({ type: 'waiting', retryInMs: 500 });
  });

  test('what an old connection still says is ignored', async () => {
    const { sockets, clock, messages, session } = setUp();
    sockets.latest.welcome();
    const old = sockets.latest;
    old.drop();
    await clock.advance(500);
    sockets.latest.welcome();
    old.say({ type: 'response.queued', response_id: 'r', position: 0 });
    old.drop();
    expect(messages).toEqual([]);
    expect(session.state.type).toBe('connected');
  });

  test('closing ends it for good', async () => {
    const { sockets, clock, session } = setUp();
    sockets.latest.welcome();
    session.close();
    expect(sockets.latest.closeCode).toBe(1000);
    await clock.advance(600_000);
    expect(sockets.connections).toHaveLength(1);
    expect(clock.pendingAlarms).toBe(0);
    expect(session.state).toEqual({ type: 'closed', error: null });
  });
});

describe('silence', () => {
  test('is asked about, and an answer keeps the connection', async () => {
    const { sockets, clock, session, messages } = setUp();
    sockets.latest.welcome();
    await clock.advance(30_000);
    expect(sockets.latest.sentOfType('session.ping')).toHaveLength(1);
    sockets.latest.say({ type: 'session.pong' });
    await clock.advance(29_000);
    expect(session.state.type).toBe('connected');
    expect(messages).toEqual([]);
  });

  test('that goes on means the server is gone', async () => {
    const { sockets, clock, session } = setUp();
    sockets.latest.welcome();
    await clock.advance(45_000);
    expect(session.state.type).toBe('waiting');
  });
});

describe('messages', () => {
  test('that break the rules are dropped, and the session goes on', () => {
    const { sockets, messages, session } = setUp();
    sockets.latest.welcome();
    for (const text of ['', '{', '[]', '{"type":"no.such"}', '{"type":"response.queued"}']) {
      sockets.latest.sayText(text);
    }
    sockets.latest.say({ type: 'response.queued', response_id: 'r', position: 3 });
    expect(messages).toMatchObject([{ response_id: 'r', position: 3 }]);
    expect(session.state.type).toBe('connected');
  });
});
