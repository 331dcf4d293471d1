// Decides where a model runs: as prescribed, or where it is faster by a short measurement.
import type { AcquiredDevice } from '../gpu/device.ts';
import { kFallbackSentence } from '../gpu/errors.ts';
import { TesseraError } from '../tesseraError.ts';
import type { LoadEnvironment } from './loadModel.ts';
import { acquireCheckedDevice } from './checkArithmetic.ts';
import { judge, measureBackends } from './measureBackends.ts';
import type { BackendMeasurement } from './measurementStore.ts';
import type { WasmRuntime } from './wasmRuntime.ts';
import type { LoadParameters } from './workerMethods.ts';

export interface BackendChoice {
  // Null: Wasm.
  device: AcquiredDevice | null;
  // What was chosen and why, for a person.
  sentence: string;
}

// Another way of measuring, or another model to measure with, makes old results worthless.
const kMeasurementVersion = 1;

// Never fails: where there is no usable device, it is Wasm.
export async function chooseBackend(
  runtime: WasmRuntime,
  parameters: LoadParameters,
  environment: LoadEnvironment,
): Promise<BackendChoice> {
  if (parameters.backend === 'wasm') {
    return { device: null, sentence: 'The model runs on Wasm, as prescribed.' };
  }
  let device: AcquiredDevice | null = null;
  try {
    const checked = await acquireCheckedDevice(runtime, environment.gpu(), parameters);
    device = checked.device;
    const { remark } = checked;
    if (parameters.backend === 'webgpu') {
      const sentence = `The model runs on WebGPU (“${device.adapterName}”), as prescribed.${remark}`;
      return { device, sentence };
    }
    const measurement = await measureOnce(runtime, device, parameters, environment);
    const { backend, sentence } = judge(measurement, device.adapterName);
    if (backend === 'wasm') device.device.destroy();
    return { device: backend === 'webgpu' ? device : null, sentence: sentence + remark };
  } catch (thrown) {
    device?.device.destroy();
    return { device: null, sentence: `${TesseraError.from(thrown).message} ${kFallbackSentence}` };
  }
}

// What an earlier visit measured with the same build on the same adapter is not measured again.
async function measureOnce(
  runtime: WasmRuntime,
  device: AcquiredDevice,
  parameters: LoadParameters,
  environment: LoadEnvironment,
): Promise<BackendMeasurement> {
  const { threads, activations, kvType, features } = parameters;
  const { version, variant } = runtime.call('capabilities', {});
  const setting = [device.adapterName, features ?? 'all', version, variant, threads];
  const key = [kMeasurementVersion, ...setting, activations, kvType].join(' | ');
  const store = await environment.openMeasurementStore();
  const known = await store?.recall(key);
  if (known) return known;
  const { clock, yieldToEvents } = environment;
  const options = { device, threads, activations, kvType, clock, yieldToEvents };
  const measurement = await measureBackends(runtime, options);
  await store?.remember(key, measurement);
  return measurement;
}
