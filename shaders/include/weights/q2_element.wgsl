// One weight of a q2 matrix: a block is 20 words.
#include "weights/low_bits_element.wgsl"
const block_words = 20u;

fn third_bit(matrix: u32, block: u32, panel_row: u32, bit: u32) -> u32 {
  return 0u;
}
