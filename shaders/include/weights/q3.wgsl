// Weights q3.
#include "weights/q3_block.wgsl"
#include "weights/low_bits_vector.wgsl"

// Bits of `low` where the mask has ones, of `high` elsewhere.
fn merged(low: vec4<u32>, high: vec4<u32>, mask: u32) -> vec4<u32> {
  return (low & vec4<u32>(mask)) | (high & vec4<u32>(~mask));
}

// The third bit belongs at bit 2 * k + 2, where the first bit of the next k lies: so two k share a
// word with no neighbour.
fn fields_of(matrix: u32, block: u32, chunk: u32, half_panel: u32) -> Fields {
  let low = low_words(matrix, block, chunk, half_panel);
  let high = high_words(matrix, block, half_panel) >> vec4<u32>(chunk);
  let upper = low >> vec4<u32>(16u);
  let third = high << vec4<u32>(2u);
  let upper_third = high >> vec4<u32>(14u);
  return Fields(merged(low, third, 0x33333333u), merged(low, third, 0xccccccccu),
                merged(upper, upper_third, 0x33333333u), merged(upper, upper_third, 0xccccccccu));
}
