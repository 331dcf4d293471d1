// WebSockets whose other end is the test.
import type { OpenSocket, SocketEvents } from '../src/connection/socket.ts';
import { limits } from '../../protocol/generated/protocol.ts';

export interface Sent {
  type: string;
  [field: string]: unknown;
}

export class FakeConnection {
  readonly url: string;
  readonly subprotocol: string;
  readonly sent: Sent[] = [];
  closeCode: number | null = null;
  readonly #events: SocketEvents;

  constructor(url: string, subprotocol: string, events: SocketEvents) {
    this.url = url;
    this.subprotocol = subprotocol;
    this.#events = events;
  }

  open(): void {
    this.#events.onOpen();
  }

  // Opens, and answers the hello with a welcome.
  welcome(fields: Record<string, unknown> = {}): void {
    this.open();
    this.say({ ...fakeWelcome, ...fields });
  }

  say(message: Record<string, unknown>): void {
    this.#events.onText(JSON.stringify(message));
  }

  sayText(text: string): void {
    this.#events.onText(text);
  }

  sayBytes(bytes: Uint8Array): void {
    this.#events.onBinary(Uint8Array.from(bytes).buffer);
  }

  drop(code = 1006): void {
    this.#events.onClose(code);
  }

  sentOfType(type: string): Sent[] {
    return this.sent.filter((message) => message.type === type);
  }
}

export const fakeWelcome = {
  type: 'session.welcome',
  session_id: 's-1',
  protocol_version: 1,
  agent: 'tessera/test',
  limits: {
    message_to_server_bytes_max: limits.message_to_server_bytes_max,
    shard_requests_max: limits.shard_requests_max,
    shard_credit_bytes_max: limits.shard_credit_bytes_max,
    shard_frame_payload_bytes_max: limits.shard_frame_payload_bytes_max,
    responses_per_client_max: limits.responses_per_client_max,
    resume_window_ms: limits.resume_window_ms,
  },
  models: [],
};

export class FakeSockets {
  readonly connections: FakeConnection[] = [];

  readonly open: OpenSocket = (url, subprotocol, events) => {
    const connection = new FakeConnection(url, subprotocol, events);
    this.connections.push(connection);
    return {
      send: (text) => connection.sent.push(JSON.parse(text) as Sent),
      close: (code) => {
        connection.closeCode ??= code;
      },
    };
  };

  get latest(): FakeConnection {
    const connection = this.connections.at(-1);
    if (!connection) throw new Error('nothing has connected yet');
    return connection;
  }
}
