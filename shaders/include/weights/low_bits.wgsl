// What q2 and q3 share as a device holds them (backends/webgpu/arranged_blocks.h). A format adds
//   block_units                   how many vec4s a block of 8 rows x 32 columns has
//   third_at(matrix, block, i)    the third bits of what codes_at(matrix, block, i) has
#include "weights/rows.wgsl"
#include "units/quad.wgsl"
const scale_exponent_min = 0x39000000u;  // of 2^-13

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_units;
}

fn bytes_of(word: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu);
}

fn scales_of(word: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>((bytes_of(word) << vec4<u32>(19u)) + vec4<u32>(scale_exponent_min));
}

// The integer under the mask of each word.
fn quants(words: vec4<u32>, mask: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>((words & vec4<u32>(mask)) | vec4<u32>(float_of_bits)) -
         float_of_bits_value;
}

fn zeros_of(word: u32) -> vec4<f32> {
  return quants(bytes_of(word), 0xffu) / 32.0;
}

// Words 0 and 1 are the scales of the rows, a byte each, 2 and 3 their zero points.
fn lines_at(matrix: u32, block: u32) -> vec4<u32> {
  return load_weights(matrix, block);
}

// Two bits each of 16 columns, the first ones (i < 2) or the last, of rows 0 to 3 (i even) or 4 to
// 7, a row in a word: columns 4 * field + 0..3 are in its bytes, at bits 2 * field.
fn codes_at(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + 1u + i);
}

// Quants of 4 rows and 8 columns, a byte each: those of columns 0 to 3, and four times those of
// columns 4 to 7.
struct Octets {
  near: vec4<u32>,
  far: vec4<u32>,
}

// Of fields 0 and 1 of the codes. Third bits are bits 2 and 4 of their bytes.
fn octets_of(codes: vec4<u32>, third: vec4<u32>) -> Octets {
  return Octets((codes & vec4<u32>(0x03030303u)) | (third & vec4<u32>(0x04040404u)),
                (codes & vec4<u32>(0x0c0c0c0cu)) | (third & vec4<u32>(0x10101010u)));
}
