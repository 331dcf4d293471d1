// Slices of q3 into a tile.
#include "weights/q3_block.wgsl"
#include "weights/low_bits_tile.wgsl"

fn quant_bytes(matrix: u32, block: u32, quad: u32, half_panel: u32) -> vec4<u32> {
  let low = low_words(matrix, block, quad & 1u, half_panel);
  let third = high_words(matrix, block, half_panel) >> vec4<u32>(quad);
  return ((low >> vec4<u32>(quad & 6u)) & vec4<u32>(0x03030303u)) |
         ((third & vec4<u32>(0x01010101u)) << vec4<u32>(2u));
}
