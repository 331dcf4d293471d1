/** What `tessera evaluate` measures natively, Wasm and WebGPU measure too. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluatePackage, type EvaluateOptions } from './evaluatePackage.ts';
import { runNative } from './nativeTool.ts';
import type { Evaluation } from './session/evaluateModel.ts';
import { repositoryRoot } from './wasmBuilds.ts';

const story15m = join(repositoryRoot, 'tests/models/story15m');
const storyText = join(story15m, 'val_books.txt');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-evaluate-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Choice = Pick<EvaluateOptions, 'packageFolder' | 'against' | 'textFile'> &
  Partial<EvaluateOptions>;

const inNode = {
  engine: 'node' as const,
  backend: 'wasm' as const,
  features: undefined,
  bindingBytesMax: undefined,
  variant: 'simd' as const,
  threads: 1,
  activations: 'f32' as const,
  kvType: 'f16' as const,
  windowsMax: 2,
  atOnce: 0,
  windowTokens: 48,
};

async function evaluate(choice: Choice): Promise<Evaluation> {
  return (await evaluatePackage({ ...inNode, ...choice })).evaluation;
}

function evaluateNatively({ packageFolder, against, textFile }: Choice): Evaluation {
  const window = ['--window', String(inNode.windowTokens), '--windows', String(inNode.windowsMax)];
  const numbers = ['--activations', inNode.activations, '--kv', inNode.kvType];
  const other = against === undefined ? [] : ['--against', against];
  const text = ['--text', textFile];
  const options = [...text, ...window, ...numbers, ...other, '--json'];
  return JSON.parse(runNative('evaluate', packageFolder, ...options)) as Evaluation;
}

/** |ours / theirs - 1| */
function deviation(ours = Number.NaN, theirs = Number.NaN): number {
  return Math.abs(ours / theirs - 1);
}

describe('story15m', () => {
  const choice = () => ({
    packageFolder: join(folder, 'q4'),
    against: join(folder, 'q8'),
    textFile: storyText,
  });
  let expected: Evaluation;

  beforeAll(() => {
    for (const weights of ['q4', 'q8']) {
      runNative('convert', story15m, '--weights', weights, '--out', join(folder, weights));
    }
    expected = evaluateNatively(choice());
  });

  test('has the same numbers however many tokens go through the model at once', async () => {
    const given = await evaluate({ ...choice(), atOnce: 7 });
    expect(deviation(given.perplexity, expected.perplexity)).toBeLessThan(0.001);
    expect(given.tokens).toBe(96);
  });

  test.each(['wasm', 'webgpu'] as const)(
    'has on %s the numbers it has natively',
    async (backend) => {
      const given = await evaluate({ ...choice(), backend });
      expect(given.tokens).toBe(96);
      expect(deviation(given.perplexity, expected.perplexity)).toBeLessThan(0.001);
      expect(Math.abs(given.top1_accuracy - expected.top1_accuracy)).toBeLessThanOrEqual(1 / 96);
      expect(given.kv_bytes_per_token).toBe(expected.kv_bytes_per_token);
      const [ours, theirs] = [given.against, expected.against];
      expect(theirs?.kl_divergence_mean).toBeGreaterThan(0.01);
      expect(deviation(ours?.kl_divergence_mean, theirs?.kl_divergence_mean)).toBeLessThan(0.02);
      expect(deviation(ours?.kl_divergence_p99, theirs?.kl_divergence_p99)).toBeLessThan(0.05);
      expect(deviation(ours?.top1_agreement, theirs?.top1_agreement)).toBeLessThan(0.02);
    },
  );

  test('needs a text of more than one window', async () => {
    const textFile = join(folder, 'short.txt');
    writeFileSync(textFile, 'Once upon a time.');
    const rejection = expect(evaluate({ ...choice(), textFile })).rejects;
    await rejection.toThrow(/the text has \d+ tokens, fewer than one window of 48/);
  });
});

/** Words of three letters: ids from all over a synthetic vocabulary. */
function randomWords(count: number): string {
  let state = 1;
  const letter = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(97 + ((state >>> 16) % 26));
  };
  return Array.from({ length: count }, () => letter() + letter() + letter()).join(' ');
}

test('a matrix that is larger than a binding is cut, and computes what it did', async () => {
  const packageFolder = join(folder, 'wide');
  const textFile = join(folder, 'words.txt');
  writeFileSync(textFile, randomWords(100));
  // Embedding and output take 20 MB each, in f32.
  const shape = ['--hidden-size', '256', '--intermediate-size', '256', '--layers', '1'];
  const heads = ['--query-heads', '4', '--key-value-heads', '2', '--separate-output'];
  const vocabulary = ['--vocabulary-size', '20000', '--weights', 'f32', '--context', '64'];
  runNative('synthesize', ...shape, ...heads, ...vocabulary, '--out', packageFolder);
  const expected = evaluateNatively({ packageFolder, textFile });
  const cut = { backend: 'webgpu' as const, bindingBytesMax: 16 * 2 ** 20 };
  const given = await evaluate({ packageFolder, textFile, ...cut });
  expect(deviation(given.perplexity, expected.perplexity)).toBeLessThan(1e-4);
});
