// Tiny Wasm modules that validate only where a feature exists. Each is one function with one
// instruction of the feature (or one memory of its kind); nothing is ever run.

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const v128 = 0x7b;
const zeroVector = [0x41, 0x00, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

// A module with one function `() -> v128` whose body is the given instructions.
function moduleReturningVector(body: readonly number[]): Uint8Array<ArrayBuffer> {
  const typeSection = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, v128];
  const functionSection = [0x03, 0x02, 0x01, 0x00];
  const code = [0x00, ...body, 0x0b];
  const codeSection = [0x0a, code.length + 2, 0x01, code.length, ...code];
  return new Uint8Array([...header, ...typeSection, ...functionSection, ...codeSection]);
}

function moduleWithMemory(limits: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...header, 0x05, limits.length + 1, 0x01, ...limits]);
}

export const wasmProbes = {
  simd: moduleReturningVector(zeroVector),
  // f32x4.relaxed_madd
  relaxedSimd: moduleReturningVector([
    ...zeroVector,
    ...zeroVector,
    ...zeroVector,
    ...[0xfd, 0x85, 0x02],
  ]),
  // i32x4.relaxed_dot_i8x16_i7x16_add_s: some engines have relaxed SIMD without it.
  relaxedDot: moduleReturningVector([
    ...zeroVector,
    ...zeroVector,
    ...zeroVector,
    ...[0xfd, 0x93, 0x02],
  ]),
  memory64: moduleWithMemory([0x04, 0x01]),
  sharedMemory: moduleWithMemory([0x03, 0x01, 0x01]),
} as const;
