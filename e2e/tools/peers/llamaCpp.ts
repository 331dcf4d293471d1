/**
 * Native llama.cpp: the source that PyPI's llama-cpp-python brings, built once into the cache for
 * the same instructions as the native build of Tessera, and its own `llama-bench`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readCommand, showCommand } from './command.ts';
import type { Contestant, Speeds, Workload } from './contestant.ts';

const packageVersion = '0.3.36';
const folder = join(homedir(), '.cache/tessera/llama.cpp');
const program = join(folder, 'build/bin/llama-bench');

const options = [
  'CMAKE_BUILD_TYPE=Release',
  'CMAKE_C_COMPILER=clang-19',
  'CMAKE_CXX_COMPILER=clang++-19',
  'BUILD_SHARED_LIBS=OFF',
  'GGML_NATIVE=OFF', // x86-64-v3, as Tessera's native build
  'GGML_AVX2=ON',
  'GGML_FMA=ON',
  'GGML_F16C=ON',
  'GGML_BMI2=ON',
  'GGML_OPENMP=OFF',
  'LLAMA_CURL=OFF',
  'LLAMA_OPENSSL=OFF',
  'LLAMA_BUILD_TESTS=OFF',
  'LLAMA_BUILD_EXAMPLES=OFF',
  'LLAMA_BUILD_SERVER=OFF',
];

function downloadSource(): void {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const wanted = `llama-cpp-python==${packageVersion}`;
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', 'llama-cpp-python'];
  readCommand('python3', [...pip, '--dest', partial, wanted]);
  const archive = readdirSync(partial).find((name) => name.endsWith('.tar.gz'));
  if (archive === undefined) throw new Error('pip brought no source archive');
  const take = ['--strip-components=3', '--wildcards', '*/vendor/llama.cpp/*'];
  readCommand('tar', ['-xzf', join(partial, archive), '-C', partial, ...take]);
  rmSync(join(partial, archive));
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
}

/** Builds llama-bench where it is missing: some minutes. */
export function buildLlamaCpp(): void {
  if (existsSync(program)) return;
  console.log('Building llama.cpp once (about 8 minutes on 2 cores)');
  downloadSource();
  const build = join(folder, 'build');
  const definitions = options.map((option) => `-D${option}`);
  readCommand('cmake', ['-S', folder, '-B', build, '-G', 'Ninja', ...definitions]);
  showCommand('cmake', ['--build', build, '--target', 'llama-bench']);
}

interface BenchRow {
  n_prompt: number;
  n_gen: number;
  samples_ts: number[];
}

export class LlamaCpp implements Contestant {
  readonly name = 'llama.cpp, native';
  readonly version = `llama-cpp-python ${packageVersion}`;
  readonly weights: string;
  readonly #gguf: string;

  constructor(gguf: string, weights: string) {
    this.#gguf = gguf;
    this.weights = weights;
  }

  measure({ threads, promptTokens, tokens, runs }: Workload): Promise<Speeds> {
    const counts = [
      '-p',
      `${promptTokens}`,
      '-n',
      `${tokens}`,
      '-t',
      `${threads}`,
      '-r',
      `${runs}`,
    ];
    const text = readCommand(program, ['-m', this.#gguf, ...counts, '-o', 'json']);
    const rows = JSON.parse(text) as BenchRow[];
    const samples = (wanted: (row: BenchRow) => boolean) => rows.find(wanted)?.samples_ts ?? [];
    return Promise.resolve({
      prefill: samples((row) => row.n_gen === 0),
      decode: samples((row) => row.n_prompt === 0),
    });
  }
}
