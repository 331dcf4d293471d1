// One weight of a q3 matrix: a block is 28 words, the last 8 the third bits.
#include "weights/low_bits_element.wgsl"
const block_words = 28u;

fn third_bit(matrix: u32, block: u32, panel_row: u32, bit: u32) -> u32 {
  return extractBits(load_weights_word(matrix, block + 20u + panel_row), bit, 1u);
}
