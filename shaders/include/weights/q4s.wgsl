// Weights q4s (quantization/q4s.h): a block of 8 rows x 32 columns is 17 pairs of words, the first
// of scales.
#include "units/pair.wgsl"
#include "weights/nibbles.wgsl"
#include "weights/q4s_scales.wgsl"
const block_units = 17u;
const nibble_zero = 8.0;

fn scales_at(matrix: u32, block: u32) -> Rows {
  let pair = load_pair(matrix, block);
  return Rows(scales_of(pair.x), scales_of(pair.y));
}

fn quants_at(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_two_pairs(matrix, block + 1u + 2u * i);
}

fn offsets_of(matrix: u32, block: u32) -> Rows {
  return Rows();
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  return quants_dot(matrix, block_of(panel, slice >> 2u), slice, x);
}
