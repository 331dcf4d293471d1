// Weights q8 (quantization/q8.h): a block of 8 rows x 32 columns is 17 vec4s; the first holds the
// scales of the rows, then each holds 4 rows x 4 columns.
#include "units/quad.wgsl"
#include "weights/rows.wgsl"
const slice_quads = 1u;
const block_vec4s = 17u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 8u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 4u;
}

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_vec4s;
}

// Byte j of each word as a signed number.
fn quants_0(words: vec4<u32>) -> vec4<f32> {
  return bitcast<vec4<f32>>((words & vec4<u32>(0xffu)) | vec4<u32>(float_of_bits)) -
         (float_of_bits_value + 128.0);
}

// The same of byte 1, times 256.
fn quants_1(words: vec4<u32>) -> vec4<f32> {
  return bitcast<vec4<f32>>((words & vec4<u32>(0xff00u)) | vec4<u32>(float_of_bits)) -
         (float_of_bits_value + 32768.0);
}

fn half_dot(signed_words: vec4<u32>, x: vec4<f32>) -> vec4<f32> {
  let words = signed_words ^ vec4<u32>(0x80808080u);
  let upper = words >> vec4<u32>(16u);
  return quants_0(words) * x.x + quants_1(words) * x.y + quants_0(upper) * x.z +
         quants_1(upper) * x.w;
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let block = block_of(panel, slice >> 3u);
  let scales = load_weights(matrix, block);
  let at = block + 1u + (slice & 7u) * 2u;
  let scaled_x = x[0] * vec4<f32>(1.0, 1.0 / 256.0, 1.0, 1.0 / 256.0);
  return Rows(half_dot(load_weights(matrix, at), scaled_x) *
                  vec4<f32>(unpack2x16float(scales.x), unpack2x16float(scales.y)),
              half_dot(load_weights(matrix, at + 1u), scaled_x) *
                  vec4<f32>(unpack2x16float(scales.z), unpack2x16float(scales.w)));
}
