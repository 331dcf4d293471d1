// One weight of a q2 matrix: a block is 20 words.
#include "weights/low_bits_element.wgsl"
const block_words = 20u;
const zero_step = 1.0 / 64.0;

fn third_bit(matrix: u32, block: u32, panel_row: u32, group_column: u32) -> u32 {
  return 0u;
}
