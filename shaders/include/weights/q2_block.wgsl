// A block of q2 is 5 vec4s: 1 of scales and zero points, 4 of codes.
#include "weights/low_bits.wgsl"
const block_units = 5u;

fn third_at(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return vec4<u32>();
}
