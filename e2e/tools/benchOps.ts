/**
 * npm run --silent bench:ops -- [--features f32|f16|subgroups|bytes|all] [--only TEXT]
 * Times ops of a 1B model's sizes on the GPU, in Node with Dawn: microseconds of each (fused) step,
 * and what it reads and computes in that time. --only: those whose names contain the text.
 */
import { parseArgs } from 'node:util';
import { choose, runTool } from './commandLine.ts';
import { timeOps, type OpTime } from './gpu/timeOps.ts';
import { featureSets } from './opTable/runOpTable.ts';

function print({ name, dispatches, seconds, gb_per_s, tflop_per_s }: OpTime): void {
  const microseconds = (seconds * 1e6).toFixed(1).padStart(9);
  const bandwidth = gb_per_s.toFixed(0).padStart(6);
  const rate = tflop_per_s.toFixed(2).padStart(7);
  console.log(
    `${name.padEnd(48)} ${dispatches} x ${microseconds} us ${bandwidth} GB/s ${rate} TFLOP/s`,
  );
}

async function benchOps(): Promise<number> {
  const { values } = parseArgs({
    options: { features: { type: 'string' }, only: { type: 'string' } },
  });
  const { features } = values;
  await timeOps(
    features === undefined ? undefined : choose('features', features, featureSets),
    print,
    values.only,
  );
  return 0;
}

await runTool('bench:ops', benchOps);
