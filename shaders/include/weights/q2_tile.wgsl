// Slices of q2 into a tile.
#include "weights/q2_block.wgsl"
#include "weights/low_bits_tile.wgsl"

fn third_words(matrix: u32, block: u32, quad: u32) -> vec4<u32> {
  return vec4<u32>();
}
