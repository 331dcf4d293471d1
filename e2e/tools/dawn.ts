/** WebGPU in Node: Dawn, on the machine's Vulkan driver or else the software one of Chromium. */
import { existsSync } from 'node:fs';

const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

// What Dawn gives lasts as long as this does.
const kept: GPU[] = [];

/**
 * Flags are Dawn's, separated by spaces, for instance
 * "enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis".
 */
export async function startDawn(flags = process.env['TESSERA_DAWN_FLAGS'] ?? ''): Promise<GPU> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const start = () => {
    const gpu = create(flags.split(' ').filter((flag) => flag !== ''));
    kept.push(gpu);
    return gpu;
  };
  const gpu = start();
  const isNamed = process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'];
  if (isNamed !== undefined || !existsSync(softwareDriver)) return gpu;
  if (await gpu.requestAdapter()) return gpu;
  process.env['VK_ICD_FILENAMES'] = softwareDriver;
  return start();
}
