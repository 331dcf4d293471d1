// Slices of 4-bit weights: of the quants of a block, eight vec4s, each holds 4 rows x 8 columns,
// low nibbles columns 4 * chunk + 0..3, high nibbles columns 16 + 4 * chunk + 0..3. A format adds
// nibble_zero and, of a block that is counted in units of its own, block_units,
// scales_at(matrix, block), quants_at(matrix, block, i) and offsets_of(matrix, block).
#include "weights/rows.wgsl"
const slice_quads = 2u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 4u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return (slice >> 2u) * 32u + quad * 16u + (slice & 3u) * 4u;
}

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_units;
}

// The nibble under the mask of each word, times the mask's lowest bit, less the zero point.
fn nibbles(words: vec4<u32>, mask: u32, unit: f32) -> vec4<f32> {
  return bitcast<vec4<f32>>((words & vec4<u32>(mask)) | vec4<u32>(float_of_bits)) -
         (float_of_bits_value + nibble_zero * unit);
}

// x: the columns' values, each divided by the unit of its mask.
fn half_dot(words: vec4<u32>, low_x: vec4<f32>, high_x: vec4<f32>) -> vec4<f32> {
  let upper = words >> vec4<u32>(16u);
  return nibbles(words, 0xfu, 1.0) * low_x.x + nibbles(words, 0xf00u, 256.0) * low_x.y +
         nibbles(upper, 0xfu, 1.0) * low_x.z + nibbles(upper, 0xf00u, 256.0) * low_x.w +
         nibbles(words, 0xf0u, 16.0) * high_x.x + nibbles(words, 0xf000u, 4096.0) * high_x.y +
         nibbles(upper, 0xf0u, 16.0) * high_x.z + nibbles(upper, 0xf000u, 4096.0) * high_x.w;
}

fn quants_dot(matrix: u32, block: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let i = (slice & 3u) * 2u;
  let scales = scales_at(matrix, block);
  let low_x = x[0] * vec4<f32>(1.0, 1.0 / 256.0, 1.0, 1.0 / 256.0);
  let high_x = x[1] * vec4<f32>(1.0 / 16.0, 1.0 / 4096.0, 1.0 / 16.0, 1.0 / 4096.0);
  return Rows(half_dot(quants_at(matrix, block, i), low_x, high_x) * scales.low,
              half_dot(quants_at(matrix, block, i + 1u), low_x, high_x) * scales.high);
}
