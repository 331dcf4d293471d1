// One weight of a q3 matrix: a block is 28 words, the last 8 the high plane.
#include "weights/low_bits_element.wgsl"
const block_words = 28u;
const low_words_begin = 4u;

fn zero_at(matrix: u32, block: u32, panel_row: u32) -> f32 {
  return f32(byte_at(matrix, block + 2u, panel_row)) / 32.0;
}

fn third_bit(matrix: u32, block: u32, panel_row: u32, group_column: u32) -> u32 {
  let quad = (group_column & 15u) >> 2u;
  let byte = (quad & 1u) * 16u + panel_row * 2u + (quad >> 1u);
  return extractBits(byte_at(matrix, block + 20u, byte), bit_of(group_column), 1u);
}
