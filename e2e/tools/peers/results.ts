/** What `bench:peers` found: as JSON, as a table in the terminal, and as a chart. */
import { median } from '../session/median.ts';
import { drawChart, type BarGroup } from './chart.ts';
import type { Speeds } from './contestant.ts';
import type { Limits } from './limits.ts';

export interface Result {
  model: string;
  threads: number;
  contestant: string;
  version: string;
  weights: string;
  /** Of the short prompt. */
  prefill_33: number[];
  prefill_256: number[];
  decode: number[];
}

export interface Findings {
  machine: { processor: string; processors: number; system: string };
  /** Of the last minute, when all was measured: about as many as measured threads if quiet. */
  load_average: number;
  versions: Record<string, string>;
  date: string;
  limits: (Limits & { model: string; threads: number })[];
  results: Result[];
}

export const metrics = [
  { key: 'decode', title: 'decode' },
  { key: 'prefill_33', title: 'prefill of 33 tokens' },
  { key: 'prefill_256', title: 'prefill of 256 tokens' },
] as const;

export function addSpeeds(result: Result, short: Speeds, long: Speeds): void {
  result.decode.push(...short.decode);
  result.prefill_33.push(...short.prefill);
  result.prefill_256.push(...long.prefill);
}

const threadsText = (count: number) => (count === 1 ? '1 thread' : `${count} threads`);

/** Medians, least to most, and Tessera in Chromium as a multiple. */
export function printResults({ results, limits }: Findings): void {
  for (const { key, title } of metrics) {
    for (const result of results) {
      const peers = results.filter(
        ({ model, threads }) => model === result.model && threads === result.threads,
      );
      const ours = peers.find(({ contestant }) => contestant === 'Tessera, Chromium');
      const values = result[key];
      const spread = `${Math.min(...values).toFixed(1)}-${Math.max(...values).toFixed(1)}`;
      const share = ours ? `${(median(ours[key]) / median(values)).toFixed(2)}x` : '';
      console.log(
        [
          title.padEnd(22),
          result.model.padEnd(10),
          threadsText(result.threads).padEnd(10),
          `${result.contestant} ${result.weights}`.padEnd(28),
          `${median(values).toFixed(1)} tokens/s`.padStart(18),
          `(${spread})`.padEnd(18),
          share,
        ].join(' '),
      );
    }
  }
  for (const limit of limits) {
    console.log(
      `limit of decode, ${limit.model}, ${threadsText(limit.threads)}: ` +
        `${(limit.bytes_per_token / 1e6).toFixed(1)} MB a token at ` +
        `${limit.bandwidth_gb_per_s.toFixed(1)} GB/s = ` +
        `${limit.tokens_per_s_max.toFixed(0)} tokens/s` +
        (limit.instructions_per_weight === null
          ? ''
          : `; ${limit.instructions_per_weight.toFixed(3)} native instructions a weight`),
    );
  }
}

export function drawResults(findings: Findings): string {
  const groups: BarGroup[] = [];
  const settings = new Map(
    findings.results.map(({ model, threads }) => [`${model}, ${threads}`, { model, threads }]),
  );
  for (const { model, threads } of settings.values()) {
    for (const { key, title } of metrics) {
      const own = findings.results.filter((r) => r.model === model && r.threads === threads);
      groups.push({
        title: `${model}, ${title}, ${threadsText(threads)}`,
        bars: own.map((result) => ({
          label: `${result.contestant} ${result.weights}`,
          values: result[key],
          median: median(result[key]),
          isOurs: result.contestant.startsWith('Tessera'),
        })),
      });
    }
  }
  const { processor, processors } = findings.machine;
  const load = `load ${findings.load_average.toFixed(1)}`;
  const where = `${processor}, ${processors} processors, ${load}, ${findings.date.slice(0, 10)}`;
  return drawChart('Tokens a second, all in one run', `${where}; lines: least to most`, groups);
}
