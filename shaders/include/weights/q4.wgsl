// Weights q4 (quantization/q4.h): a block of 8 rows x 32 columns is 9 vec4s, the first of scales.
#include "weights/nibbles_halves.wgsl"
const halves_vec4s = 1u;
const nibble_zero = 8.0;

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  return quants_dot(matrix, block_of(panel, slice >> 2u), slice, x);
}

fn offsets_of(matrix: u32, block: u32) -> Rows {
  return Rows();
}
