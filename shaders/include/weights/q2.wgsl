// Weights q2.
#include "weights/q2_block.wgsl"
#include "weights/low_bits_vector.wgsl"
const quant_mask = 3u;

fn columns_of(matrix: u32, block: u32, i: u32) -> Columns {
  return low_columns(low_words(matrix, block, i));
}

fn third_words(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return vec4<u32>();
}
