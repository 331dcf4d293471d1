/** On WebGPU tokens are drawn as their probabilities say: a chi-square test on fixed logits. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquireDevice } from '../../web/src/gpu/device.ts';
import type { ModelCore } from '../../web/src/runtime/modelCore.ts';
import { loadWasmModule } from '../../web/src/runtime/wasmModule.ts';
import { WasmRuntime } from '../../web/src/runtime/wasmRuntime.ts';
import { tinyShapeOf } from '../../web/test-support/tinyShape.ts';
import { startDawn } from './dawn.ts';
import { runNative } from './nativeTool.ts';
import { loadModel } from './session/loadModel.ts';
import { startStaticServer, type StaticServer } from './staticServer.ts';
import { findWasmBuild } from './wasmBuilds.ts';

const prompt = [5, 77, 301];
const draws = 250;

let folder: string;
let server: StaticServer;
let core: ModelCore;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-drawing-'));
  runNative('synthesize', ...tinyShapeOf('q4'), '--out', join(folder, 'tiny'));
  server = await startStaticServer({ '/package/': join(folder, 'tiny') });
  const wasmUrl = pathToFileURL(`${findWasmBuild('simd') ?? ''}/`).href;
  const runtime = new WasmRuntime(await loadWasmModule(wasmUrl, 'simd', 1));
  const place = { runtime, device: await acquireDevice(await startDawn()) };
  const packageUrl = `${server.url}/package`;
  const options = { packageUrl, threads: 1, activations: 'f32', kvType: 'f32' } as const;
  ({ core } = await loadModel(place, options));
});

afterAll(() => {
  core.release();
  server.close();
  rmSync(folder, { recursive: true });
});

interface Settings {
  temperature: number;
  top_k: number;
  top_p: number;
  min_p: number;
  repetition_penalty: number;
}

interface Choice {
  id: number;
  probability: number;
}

/** What ops/sample.h says remains of the logits, written down a second time and in doubles. */
function distribution(logits: Float32Array, settings: Settings): Choice[] {
  const { temperature, top_k: topK, top_p: topP, min_p: minP } = settings;
  const ordered = [...logits].map((logit, id) => {
    const isSeen = prompt.includes(id);
    const penalty = logit > 0 ? 1 / settings.repetition_penalty : settings.repetition_penalty;
    return { id, logit: isSeen ? logit * penalty : logit };
  });
  ordered.sort((a, b) => b.logit - a.logit || a.id - b.id);
  const highest = ordered[0]?.logit ?? 0;
  const weights = ordered
    .slice(0, topK || ordered.length)
    .map(({ id, logit }) => ({ id, weight: Math.exp((logit - highest) / temperature) }));
  const total = weights.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  const kept = weights.filter(({ weight }) => {
    const isKept = before < topP * total && weight >= minP;
    before += weight;
    return isKept;
  });
  const sum = kept.reduce((all, { weight }) => all + weight, 0);
  return kept.map(({ id, weight }) => ({ id, probability: weight / sum }));
}

async function draw(settings: Settings, seed: number): Promise<number> {
  const request = { prompt_ids: prompt, max_tokens: 1, stop: [], ignore_end: true, seed };
  core.call('generation.start', { ...request, ...settings });
  for (;;) {
    const step = core.call('generation.step', {});
    if (step.phase === 'token') return step.id;
    if (step.phase === 'waiting') await core.arrival();
  }
}

/** The 99.9th percentile of chi-square, by the approximation of Wilson and Hilferty (1931). */
function chiSquareMax(freedom: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
}

/** Bins of at least five expected draws each, the last for all less probable tokens. */
function binsOf(choices: Choice[]): Choice[][] {
  const bins: Choice[][] = [];
  let open: Choice[] = [];
  for (const choice of choices) {
    open.push(choice);
    if (open.reduce((sum, { probability }) => sum + probability, 0) * draws < 5) continue;
    bins.push(open);
    open = [];
  }
  bins.at(-1)?.push(...open);
  return bins;
}

const plain = { temperature: 1, top_k: 0, top_p: 1, min_p: 0, repetition_penalty: 1 };

test.each([
  ['temperature', { ...plain, temperature: 0.7 }],
  ['top-k and a repetition penalty', { ...plain, top_k: 12, repetition_penalty: 1.3 }],
  ['top-p and min-p', { ...plain, top_p: 0.8, min_p: 0.1 }],
])('tokens are drawn as %s says', async (_name, settings) => {
  const { columns, values } = await core.forward(prompt);
  const choices = distribution(values.subarray(-columns), settings);
  const counts = new Map<number, number>();
  for (let seed = 1; seed <= draws; seed++) {
    const id = await draw(settings, seed);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const id of counts.keys()) expect(choices.map((choice) => choice.id)).toContain(id);
  const bins = binsOf(choices);
  expect(bins.length).toBeGreaterThan(5);
  let chiSquare = 0;
  for (const bin of bins) {
    const mean = draws * bin.reduce((sum, { probability }) => sum + probability, 0);
    const drawn = bin.reduce((sum, { id }) => sum + (counts.get(id) ?? 0), 0);
    chiSquare += (drawn - mean) ** 2 / mean;
  }
  expect(chiSquare).toBeLessThan(chiSquareMax(bins.length - 1));
});
