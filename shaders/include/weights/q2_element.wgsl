// One weight of a q2 matrix: a block is 19 words.
#include "weights/low_bits_element.wgsl"
const block_words = 19u;
const low_words_begin = 3u;

fn zero_at(matrix: u32, block: u32, panel_row: u32) -> f32 {
  let byte = byte_at(matrix, block + 2u, panel_row & 3u);
  return f32(extractBits(byte, panel_row & 4u, 4u)) / 8.0 + 0.5;
}

fn third_bit(matrix: u32, block: u32, panel_row: u32, group_column: u32) -> u32 {
  return 0u;
}
