/** Times ops of real sizes on the GPU, in Node with Dawn. */
import { startDawn } from '../dawn.ts';
import { median } from '../session/median.ts';
import { readOpTable, subgroupSizeOptions } from '../opTable/nativeOpTable.ts';
import { OpTableRun, requestOpDevice, type FeatureSet } from '../opTable/runOpTable.ts';

const repetitions = 9;
/** An idle GPU takes about a second of work to raise its clock rate. */
const firstWarmUpMs = 1500;
const warmUpMs = 200;
const largeBuffer = 2 ** 30;
// A larger workgroup than every device has is taken for sampling.
const workgroup = {
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupStorageSize: 32768,
};

export interface OpTime {
  name: string;
  dispatches: number;
  /** Of one op, with what is fused to it. */
  seconds: number;
  gb_per_s: number;
  tflop_per_s: number;
}

/** What an engine would use of what the adapter has. */
async function bestFeatureSet(gpu: GPU): Promise<FeatureSet> {
  const has = (await gpu.requestAdapter())?.features;
  if (has?.has('shader-f16')) return has.has('subgroups') ? 'all' : 'f16';
  return has?.has('subgroups') ? 'subgroups' : 'f32';
}

/**
 * Calls `onTime` for each as it is measured. Without features: all that the adapter has; of ops
 * whose names contain `only`.
 */
export async function timeOps(
  chosen: FeatureSet | undefined,
  onTime: (time: OpTime) => void = () => undefined,
  only = '',
): Promise<OpTime[]> {
  const gpu = await startDawn();
  const features = chosen ?? (await bestFeatureSet(gpu));
  const device = await requestOpDevice(gpu, features, {
    maxBufferSize: largeBuffer,
    maxStorageBufferBindingSize: largeBuffer,
    ...workgroup,
  });
  if (!device) throw new Error(`the adapter has no ${features}`);
  if (!device.features.has('timestamp-query')) {
    throw new Error('the adapter has no timestamp-query: its ops cannot be timed');
  }
  const { maxComputeInvocationsPerWorkgroup: invocations } = workgroup;
  const table = readOpTable([
    ...['--bench', '--only', only],
    ...['--features', features],
    ...['--binding-bytes-max', String(largeBuffer)],
    ...['--workgroup-invocations-max', String(invocations)],
    ...subgroupSizeOptions(device.adapterInfo),
  ]);
  const run = new OpTableRun(device, table);
  const times: OpTime[] = [];
  for (const one of table.cases) {
    const copies = one.copies ?? 1;
    const warmUp = times.length === 0 ? firstWarmUpMs : warmUpMs;
    const seconds = median(await run.timeCase(one, repetitions, warmUp)) / copies;
    const time = {
      name: one.name,
      dispatches: one.dispatches.length / copies,
      seconds,
      gb_per_s: (one.bytes ?? 0) / seconds / 1e9,
      tflop_per_s: (one.operations ?? 0) / seconds / 1e12,
    };
    onTime(time);
    times.push(time);
  }
  device.destroy();
  return times;
}
