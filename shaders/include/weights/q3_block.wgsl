// A block of q3 is 7 vec4s: 1 of scales and zero points, 4 of codes, 2 of third bits.
#include "weights/low_bits.wgsl"
const block_units = 7u;

// Of fields 0 and 2 in bits 0 and 1 of a byte, of fields 1 and 3 two bits further.
fn third_at(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + 5u + (i & 1u)) >> vec4<u32>((i >> 1u) * 4u);
}
