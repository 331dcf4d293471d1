/**
 * npm run --silent bench:ops -- [--features f32|f16|subgroups]
 * Times ops of a 1B model's sizes on the GPU, in Node with Dawn: microseconds of each (fused) step,
 * and what it reads and computes in that time.
 */
import { parseArgs } from 'node:util';
import { choose, runTool } from './commandLine.ts';
import { startDawn } from './dawn.ts';
import { readOpTable } from './opTable/nativeOpTable.ts';
import { featureSets, OpTableRun, requestOpDevice } from './opTable/runOpTable.ts';

const repetitions = 5;
const largeBuffer = 2 ** 30;
// A larger workgroup than every device has is taken for sampling.
const workgroup = {
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupStorageSize: 32768,
};

async function benchOps(): Promise<number> {
  const { values } = parseArgs({ options: { features: { type: 'string', default: 'f32' } } });
  const features = choose('features', values.features, featureSets);
  const device = await requestOpDevice(await startDawn(), features, {
    maxBufferSize: largeBuffer,
    maxStorageBufferBindingSize: largeBuffer,
    ...workgroup,
  });
  if (!device) throw new Error(`the adapter has no ${features}`);
  const { maxComputeInvocationsPerWorkgroup: invocations } = workgroup;
  const table = readOpTable([
    '--bench',
    ...['--features', features],
    ...['--binding-bytes-max', String(largeBuffer)],
    ...['--workgroup-invocations-max', String(invocations)],
  ]);
  const run = new OpTableRun(device, table);
  for (const one of table.cases) {
    const copies = one.copies ?? 1;
    const seconds = (await run.timeCase(one, repetitions)) / copies;
    const microseconds = (seconds * 1e6).toFixed(1).padStart(9);
    const bandwidth = ((one.bytes ?? 0) / seconds / 1e9).toFixed(0).padStart(6);
    const rate = ((one.operations ?? 0) / seconds / 1e12).toFixed(2).padStart(7);
    const dispatches = String(one.dispatches.length / copies);
    console.log(
      `${one.name.padEnd(48)} ${dispatches} x ${microseconds} us ${bandwidth} GB/s ${rate} TFLOP/s`,
    );
  }
  return 0;
}

await runTool('bench:ops', benchOps);
