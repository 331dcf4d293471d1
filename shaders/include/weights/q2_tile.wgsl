// Slices of q2 into a tile.
#include "weights/q2_block.wgsl"
#include "weights/low_bits_tile.wgsl"

fn quant_bytes(matrix: u32, block: u32, quad: u32, half_panel: u32) -> vec4<u32> {
  let low = low_words(matrix, block, quad & 1u, half_panel);
  return (low >> vec4<u32>(quad & 6u)) & vec4<u32>(0x03030303u);
}
