// What q2 and q3 (quantization/low_bits.h) share. A format adds, of blocks of 8 rows x 32 columns
// that are counted in units of its own:
//   block_units                   how many units a block has
//   lines_at(matrix, block)       words 0 and 1 hold the scales of the rows, a byte each
//   zeros_of(lines)               the zero points of the rows
//   low_words(matrix, block, i)   two bits of each weight of the quads i and i + 4. Word w has row
//                                 2 * w in its lower half and row 2 * w + 1 in its upper: first
//                                 the bits 0 of 8 columns, then the bits 1
#include "weights/rows.wgsl"
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

// Rows 0 to 7 of the even ones and the odd ones.
fn rows_of(even: vec4<f32>, odd: vec4<f32>) -> Rows {
  return Rows(vec4<f32>(even.x, odd.x, even.y, odd.y), vec4<f32>(even.z, odd.z, even.w, odd.w));
}
