// Slices of q3 into a tile.
#include "weights/q3_block.wgsl"
#include "weights/low_bits_tile.wgsl"

fn third_words(matrix: u32, block: u32, quad: u32) -> vec4<u32> {
  return third_words_of(matrix, block, quad & 3u);
}
