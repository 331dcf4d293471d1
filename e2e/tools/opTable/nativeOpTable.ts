/** The op table, as the native program tessera_op_table writes it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { repositoryRoot } from '../wasmBuilds.ts';
import type { OpTableFile } from './opTableFile.ts';

export function writeOpTable(options: string[]): string {
  const builds = process.env['TESSERA_BUILD_DIR'] ?? 'build';
  const program = resolve(repositoryRoot, builds, 'native/tests/gpu/tessera_op_table');
  if (!existsSync(program)) throw new Error(`${program} is missing; build the preset native`);
  const { status, stdout, stderr } = spawnSync(program, options, {
    encoding: 'utf8',
    maxBuffer: 2 ** 29,
  });
  if (status !== 0) throw new Error(stderr.trim());
  return stdout;
}

export function readOpTable(options: string[]): OpTableFile {
  return JSON.parse(writeOpTable(options)) as OpTableFile;
}

/** Where subgroups of an adapter have one size, kernels may rely on it. */
export function subgroupSizeOptions({
  subgroupMinSize,
  subgroupMaxSize,
}: GPUAdapterInfo): string[] {
  const hasOne = subgroupMinSize > 0 && subgroupMinSize === subgroupMaxSize;
  return hasOne ? ['--subgroup-size', String(subgroupMinSize)] : [];
}
