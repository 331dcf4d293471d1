/** What a decode step cannot do without: bytes of weights to read, instructions to work on them. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeToolPath } from '../nativeTool.ts';
import { repositoryRoot } from '../wasmBuilds.ts';
import { readCommand } from './command.ts';

interface Manifest {
  tensors: { shape: number[]; parts: { size_bytes: number }[] }[];
}

export interface Limits {
  weights: number;
  bytes_per_token: number;
  /** Reads of as many bytes, by the threads that decode. */
  bandwidth_gb_per_s: number;
  /** If weights are read once a token and nothing else is done. */
  tokens_per_s_max: number;
  /** Of a native decode step, by callgrind; null if valgrind is missing. */
  instructions_per_weight: number | null;
}

/** GB/s at which `threads` threads read as many bytes again and again. */
function measureBandwidth(threads: number, sizeBytes: number): number {
  const build = ['--build', '--preset', 'native', '--target', 'read_bench'];
  readCommand('cmake', build, { cwd: repositoryRoot });
  const program = join(repositoryRoot, 'build/native/tests/benchmarks/read_bench');
  return Number(readCommand(program, [`${threads}`, `${sizeBytes}`]));
}

/** The difference of two runs is what more tokens cost. */
function countInstructions(folder: string, tokens: number): number {
  const file = join(tmpdir(), `tessera-callgrind-${process.pid}`);
  const bench = ['bench', folder, '--threads', '1', '--prompt-tokens', '4', '--runs', '1'];
  const valgrind = ['--tool=callgrind', `--callgrind-out-file=${file}`, nativeToolPath()];
  readCommand('valgrind', [...valgrind, ...bench, '--tokens', `${tokens}`]);
  const total = /^(?:totals|summary): (\d+)/m.exec(readFileSync(file, 'utf8'));
  return Number(total?.[1] ?? Number.NaN);
}

function hasProgram(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.some((folder) => existsSync(folder) && readdirSync(folder).includes(name));
}

export function measureInstructionsPerWeight(folder: string, weights: number): number | null {
  if (!hasProgram('valgrind')) return null;
  const [few, many] = [2, 10];
  const difference = countInstructions(folder, many) - countInstructions(folder, few);
  const passes = 2; // a warm-up and a run
  return difference / (many - few) / passes / weights;
}

/** Weights of a package, and the bytes that a decode step reads of them. */
export function countWeights(folder: string): { weights: number; sizeBytes: number } {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  let weights = 0;
  let sizeBytes = 0;
  for (const { shape, parts } of manifest.tensors) {
    weights += shape.reduce((product, extent) => product * extent, 1);
    for (const part of parts) sizeBytes += part.size_bytes;
  }
  return { weights, sizeBytes };
}

export function measureLimits(folder: string, threads: number): Limits {
  const { weights, sizeBytes } = countWeights(folder);
  const bandwidth = measureBandwidth(threads, sizeBytes);
  return {
    weights,
    bytes_per_token: sizeBytes,
    bandwidth_gb_per_s: bandwidth,
    tokens_per_s_max: (bandwidth * 1e9) / sizeBytes,
    instructions_per_weight: null,
  };
}
