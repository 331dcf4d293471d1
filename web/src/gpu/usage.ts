// WebGPU's numeric flags. Browsers have them as globals of the page and its workers, Node has not.

export const kBufferUsage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyDestination: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  queryResolve: 0x0200,
} as const;

export const kMapModeRead = 0x0001;
