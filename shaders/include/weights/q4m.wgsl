// Weights q4m (quantization/q4m.h): a block of 8 rows x 32 columns is 10 vec4s, the first of
// scales, the second of minimums.
#include "weights/nibbles_halves.wgsl"
const halves_vec4s = 2u;
const nibble_zero = 0.0;

fn offsets_of(matrix: u32, block: u32) -> Rows {
  return halves_of(load_weights(matrix, block + 1u));
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let block = block_of(panel, slice >> 2u);
  let dots = quants_dot(matrix, block, slice, x);
  let minimums = offsets_of(matrix, block);
  let both = x[0] + x[1];
  let sum = both.x + both.y + both.z + both.w;
  return Rows(dots.low + minimums.low * sum, dots.high + minimums.high * sum);
}
