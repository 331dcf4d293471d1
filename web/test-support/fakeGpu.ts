// A GPU that gives devices without computing anything.

export interface FakeGpuState {
  hasAdapter: boolean;
  refusesDevices: boolean;
  limits: Record<string, number>;
  features: Set<string>;
  // Devices given so far that were not destroyed.
  devices: number;
}

export function fakeGpu(): { gpu: GPU; state: FakeGpuState } {
  const state: FakeGpuState = {
    hasAdapter: true,
    refusesDevices: false,
    limits: {
      maxBufferSize: 2 ** 31,
      maxStorageBufferBindingSize: 2 ** 30,
      maxStorageBuffersPerShaderStage: 10,
      maxComputeWorkgroupStorageSize: 32768,
      maxComputeInvocationsPerWorkgroup: 1024,
      maxComputeWorkgroupSizeX: 512,
      maxComputeWorkgroupsPerDimension: 65535,
    },
    features: new Set(['subgroups']),
    devices: 0,
  };
  const makeDevice = () => {
    let lose: (info: { reason: string; message: string }) => void = () => undefined;
    state.devices += 1;
    return {
      limits: state.limits,
      features: state.features,
      lost: new Promise((resolve) => {
        lose = resolve;
      }),
      destroy: () => {
        state.devices -= 1;
        lose({ reason: 'destroyed', message: 'destroyed' });
      },
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
      queue: { onSubmittedWorkDone: () => Promise.resolve() },
    };
  };
  const adapter = {
    limits: state.limits,
    features: state.features,
    info: { vendor: 'acme', architecture: 'x' },
    requestDevice: () =>
      state.refusesDevices
        ? Promise.reject(new Error('too many devices'))
        : Promise.resolve(makeDevice()),
  };
  const gpu = {
    wgslLanguageFeatures: new Set(['packed_4x8_integer_dot_product']),
    requestAdapter: () => Promise.resolve(state.hasAdapter ? adapter : null),
  };
  return { gpu: gpu as unknown as GPU, state };
}
