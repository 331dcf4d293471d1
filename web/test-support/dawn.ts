// WebGPU in Node: Dawn, on whatever Vulkan driver the environment names.
import { create } from 'webgpu';

// `flags` are Dawn's, such as "enable-dawn-features=allow_unsafe_apis".
// REQUIRES: kept alive as long as anything of it is used.
export function createDawn(flags: string[] = []): GPU {
  return create(flags);
}
