// What can go wrong on a GPU: a code for each case, and a sentence for a person. Whatever it is,
// the model can still run on Wasm; kFallbackSentence says so where that is done.
import { TesseraError } from '../tesseraError.ts';

export const kFallbackSentence = 'The model runs on Wasm instead.';

export function noAdapter(hasWebGpu: boolean): TesseraError {
  return new TesseraError(
    'no_adapter',
    hasWebGpu
      ? 'The browser found no graphics adapter that WebGPU may use.'
      : 'This browser has no WebGPU here.',
  );
}

export function adapterRefused(adapterName: string, thrown: unknown): TesseraError {
  return new TesseraError(
    'adapter_refused',
    `The graphics adapter “${adapterName}” gave no device: ${reasonOf(thrown)}`,
    { cause: thrown },
  );
}

export function limitsTooSmall(
  adapterName: string,
  limit: string,
  has: number,
  needs: number,
): TesseraError {
  return new TesseraError(
    'gpu_limits_too_small',
    `The graphics adapter “${adapterName}” is too small: it has ${limit} of ${has}, and the model ` +
      `needs ${needs}.`,
  );
}

export function bufferRefused(sizeBytes: number, message: string): TesseraError {
  return new TesseraError(
    'out_of_memory',
    `The graphics adapter has no ${sizeBytes} bytes for another buffer: ${message}`,
  );
}

export function bufferInvalid(sizeBytes: number, message: string): TesseraError {
  return new TesseraError(
    'gpu_limits_too_small',
    `The graphics adapter refused a buffer of ${sizeBytes} bytes: ${message}`,
  );
}

export function shaderRefused(label: string, message: string): TesseraError {
  return new TesseraError(
    'shader_compilation_failed',
    `The graphics adapter cannot compile the kernel “${label}”: ${message}`,
  );
}

export function deviceLost(info: { reason: string; message: string }): TesseraError {
  const message = info.message.trim() || info.reason;
  return new TesseraError('device_lost', `The graphics device was lost: ${message}`);
}

// An error that nobody expected: a fault of this program, or of the driver.
export function gpuFailed(message: string): TesseraError {
  return new TesseraError('gpu_failed', `The graphics adapter reported an error: ${message}`);
}

// Whether the code is one of those above, so that Wasm is a way out.
export function isGpuError({ code }: TesseraError): boolean {
  return kGpuCodes.has(code);
}

const kGpuCodes: ReadonlySet<string> = new Set([
  'no_adapter',
  'adapter_refused',
  'gpu_limits_too_small',
  'out_of_memory',
  'shader_compilation_failed',
  'device_lost',
  'gpu_failed',
]);

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
