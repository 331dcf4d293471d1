/** What `bench:gpu` found: as JSON, as lines in the terminal, and as a chart. */
import { featuresUsed } from '../commandLine.ts';
import { drawChart, type Bar } from '../peers/chart.ts';
import { median } from '../session/median.ts';
import type { UsedAdapter } from '../session/runCommand.ts';
import type { OpTime } from './timeOps.ts';

export interface GpuFindings {
  adapter: UsedAdapter;
  engine: string;
  shape: string;
  weights: string;
  date: string;
  dispatches_per_step: number;
  /** Weights that a decode step reads. */
  bytes_per_token: number;
  /** At the bandwidth that was given; null if none was. */
  tokens_per_s_max: number | null;
  usual_position: number;
  /** Tokens per second by position, every run. */
  decode: Record<string, number[]>;
  prefill: Record<string, number[]>;
  /** Tokens per second at the usual position, submit, wait, choose on the processor, submit. */
  decode_naive: number[];
  /** Milliseconds from a model's first byte to its first token, nothing compiled before. */
  first_token_ms: { while_loading: number[]; after_loading: number[] };
  ops: OpTime[];
}

const shareLower = (ours: number, other: number) => `${((1 - ours / other) * 100).toFixed(0)} %`;

/** Lines of text, each a bar of the table in the issue of speed or what explains one. */
export function describeFindings(findings: GpuFindings): string[] {
  const { decode, prefill, decode_naive: naive, first_token_ms: first } = findings;
  const at = (position: number) => median(decode[position] ?? []);
  const usual = at(findings.usual_position);
  const positions = Object.keys(decode).map(Number);
  const [least, most] = [Math.min(...positions), Math.max(...positions)];
  const limit = findings.tokens_per_s_max;
  const ofLimit = limit === null ? '' : `, ${((usual / limit) * 100).toFixed(0)} % of the limit`;
  return [
    ...positions.map((position) => `decode at ${position}: ${at(position).toFixed(1)} tokens/s`),
    `a step reads ${(findings.bytes_per_token / 1e6).toFixed(1)} MB of weights${ofLimit}`,
    `a token at ${most} takes ${(at(least) / at(most)).toFixed(2)} times what it takes at ${least}`,
    ...Object.entries(prefill).map(
      ([tokens, speeds]) => `prefill of ${tokens}: ${median(speeds).toFixed(0)} tokens/s`,
    ),
    `${findings.dispatches_per_step} dispatches per decode step`,
    `a loop that waits at every token: ${median(naive).toFixed(1)} tokens/s; ours takes ` +
      `${shareLower(1 / usual, 1 / median(naive))} less time for a token`,
    `first token, compiling while loading: ${median(first.while_loading).toFixed(0)} ms, ` +
      `${shareLower(median(first.while_loading), median(first.after_loading))} sooner than after`,
    ...findings.ops.map(
      ({ name, seconds, gb_per_s: rate }) =>
        `${name}: ${(seconds * 1e6).toFixed(1)} us, ${rate.toFixed(0)} GB/s`,
    ),
  ];
}

export function drawFindings(findings: GpuFindings): string {
  const bar = (label: string, values: number[], isOurs = true): Bar => ({
    label,
    values,
    median: median(values),
    isOurs,
  });
  const { decode, prefill, first_token_ms: first, usual_position: usual } = findings;
  const groups = [
    {
      title: 'decode, tokens a second',
      bars: [
        ...Object.entries(decode).map(([position, speeds]) => bar(`at ${position}`, speeds)),
        bar(`at ${usual}, waiting for each`, findings.decode_naive, false),
      ],
    },
    {
      title: 'prefill, tokens a second',
      bars: Object.entries(prefill).map(([tokens, speeds]) => bar(`${tokens} tokens`, speeds)),
    },
    {
      title: 'first token, milliseconds from the first byte',
      bars: [
        bar('compiled while loading', first.while_loading),
        bar('compiled after loading', first.after_loading, false),
      ],
    },
  ];
  const what = `Llama of shape ${findings.shape}, ${findings.weights}`;
  const { adapter, engine, date } = findings;
  const where = `${adapter.name}, ${featuresUsed(adapter)}, ${engine}, ${date.slice(0, 10)}`;
  return drawChart(`WebGPU: ${what}`, `${where}; lines: least to most`, groups);
}
