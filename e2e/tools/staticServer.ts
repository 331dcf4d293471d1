/**
 * A static server for tools: folders under path prefixes, cross-origin isolated so that threads
 * work.
 * TypeScript is sent with its types taken off, so that a worker's sources need no build step.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.ts': 'text/javascript',
  '.wasm': 'application/wasm',
};

const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export interface StaticServer {
  url: string;
  close(): void;
}

/** The file behind a path, or undefined where no mount has it. */
function resolvePath(mounts: Record<string, string>, path: string): string | undefined {
  for (const [prefix, folder] of Object.entries(mounts)) {
    if (path.startsWith(prefix)) return join(folder, normalize(path.slice(prefix.length)));
  }
  return undefined;
}

/** Sends no more than so many bytes a second. */
async function sendSlowly(file: string, rate: number, response: ServerResponse): Promise<void> {
  const start = performance.now();
  let sent = 0;
  for await (const chunk of createReadStream(file)) {
    response.write(chunk);
    sent += (chunk as Buffer).length;
    const ahead = (sent / rate) * 1e3 - (performance.now() - start);
    if (ahead > 1) await new Promise((resolve) => setTimeout(resolve, ahead));
  }
  response.end();
}

async function sendFile(file: string, rate: number, response: ServerResponse): Promise<void> {
  const { size } = await stat(file);
  const headers = {
    ...isolation,
    'content-type': contentTypes[extname(file)] ?? 'application/octet-stream',
  };
  if (extname(file) === '.ts') {
    response.writeHead(200, headers).end(stripTypeScriptTypes(await readFile(file, 'utf8')));
    return;
  }
  response.writeHead(200, { ...headers, 'content-length': size });
  if (rate < Infinity) return sendSlowly(file, rate, response);
  createReadStream(file).pipe(response);
}

/**
 * `mounts` maps a path prefix ("/wasm/") to a folder. "/" is an empty page. A file is sent at
 * `bytesPerSecond` at most.
 */
export async function startStaticServer(
  mounts: Record<string, string>,
  bytesPerSecond = Infinity,
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (path === '/') {
      response.writeHead(200, { ...isolation, 'content-type': 'text/html; charset=utf-8' });
      response.end('<!doctype html><title>Tessera tools</title>');
      return;
    }
    const file = path.includes('..') ? undefined : resolvePath(mounts, path);
    const sent = file
      ? sendFile(file, bytesPerSecond, response)
      : Promise.reject(new Error('no such path'));
    sent.catch(() => response.writeHead(404, isolation).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
