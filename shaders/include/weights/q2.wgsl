// Weights q2.
#include "weights/q2_block.wgsl"
#include "weights/low_bits_vector.wgsl"

fn fields_of(matrix: u32, block: u32, chunk: u32, half_panel: u32) -> Fields {
  let low = low_words(matrix, block, chunk, half_panel);
  let upper = low >> vec4<u32>(16u);
  return Fields(low, low, upper, upper);
}
