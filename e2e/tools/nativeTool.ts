/** The native `tessera` program, for what a tool needs done to files first. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { repositoryRoot } from './wasmBuilds.ts';

export function nativeToolPath(): string {
  const builds = process.env['TESSERA_BUILD_DIR'] ?? 'build';
  const path = resolve(repositoryRoot, builds, 'native/tessera');
  if (!existsSync(path)) throw new Error(`${path} is missing; scripts/run builds it`);
  return path;
}

/** Runs a command to its end. Throws what it printed if it fails. */
export function runNative(...args: string[]): string {
  const result = spawnSync(nativeToolPath(), args, { encoding: 'utf8' });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(result.stderr.trim() || result.stdout.trim());
  return result.stdout;
}
