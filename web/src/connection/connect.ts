// Opens a client session with a server.
import { TesseraError } from '../tesseraError.ts';
import type { Client, ClientOptions } from './client.ts';

export function connect(options: ClientOptions = {}): Client {
  throw new TesseraError('unsupported', `No connection to ${options.url ?? 'the server'} yet.`);
}
