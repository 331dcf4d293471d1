/**
 * npm run --silent shaders
 * Compiles every specialisation of every shader with Tint, on Dawn's device without hardware, which
 * has every feature; those that need a feature are refused where it was not asked for. Prints what
 * is wrong and exits 1, or how many there are.
 */
import { startDawn } from './dawn.ts';
import { readOpTable } from './opTable/nativeOpTable.ts';
import type { PipelineEntry } from './opTable/opTableFile.ts';
import { createPipeline } from './opTable/runOpTable.ts';
import { runTool } from './commandLine.ts';

const features = { f16: 'shader-f16', subgroups: 'subgroups' } as const;

/** What the shader's directives ask for. */
function featuresOf({ code }: PipelineEntry): GPUFeatureName[] {
  const enabled = [...code.matchAll(/^enable (\w+);$/gm)].map(([, name]) => name);
  return Object.entries(features).flatMap(([name, feature]) =>
    enabled.includes(name) ? [feature] : [],
  );
}

async function messageOf(device: GPUDevice, entry: PipelineEntry): Promise<string | null> {
  try {
    await createPipeline(device, entry);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function validate(): Promise<number> {
  const gpu = await startDawn('backend=null enable-dawn-features=allow_unsafe_apis');
  const requestDevice = async (required: GPUFeatureName[]) => {
    const adapter = await gpu.requestAdapter(); // good for one device
    if (!adapter) throw new Error('Dawn has no device without hardware');
    return adapter.requestDevice({ requiredFeatures: required });
  };
  const devices = new Map<string, GPUDevice>();
  const deviceFor = async (required: GPUFeatureName[]) => {
    const key = required.join(' ');
    const device = devices.get(key) ?? (await requestDevice(required));
    devices.set(key, device);
    return device;
  };
  const { pipelines } = readOpTable(['--variants']);
  let failures = 0;
  for (const entry of pipelines) {
    const required = featuresOf(entry);
    const message = await messageOf(await deviceFor(required), entry);
    if (message !== null) console.log(message);
    const isRefusedWithout =
      required.length === 0 || (await messageOf(await deviceFor([]), entry)) !== null;
    if (!isRefusedWithout) console.log(`${entry.label} is taken without its feature`);
    if (message !== null || !isRefusedWithout) failures += 1;
  }
  const use = [...devices.keys()].map((key) => (key === '' ? 'no feature' : key));
  console.log(`${pipelines.length} shaders, with ${use.join(', ')}: ${failures} invalid`);
  return failures === 0 ? 0 : 1;
}

await runTool('shaders', validate);
