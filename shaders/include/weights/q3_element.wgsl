// One weight of a q3 matrix: a block is 28 words, the last 8 the high plane.
#include "weights/low_bits_element.wgsl"
const block_words = 28u;
const zero_step = 1.0 / 32.0;

fn high_bit(matrix: u32, block: u32, panel_row: u32, group_column: u32) -> u32 {
  return extractBits(load_weights_word(matrix, block + 20u + panel_row),
                     (group_column & 3u) * 8u + (group_column >> 2u), 1u);
}
