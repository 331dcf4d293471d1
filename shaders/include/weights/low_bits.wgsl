// What q2 and q3 (quantization/low_bits.h) share. A block of 8 rows x 32 columns begins with a vec4
// of which words 0 and 1 hold the scales of the rows, a byte each, and words 2 and 3 their zero
// points; then come four vec4s of the low planes, each of 8 rows x 8 columns. A format adds
// block_vec4s and zero_step.
#include "weights/rows.wgsl"
const scale_exponent_min = 0x39000000u;  // of 2^-13

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_vec4s;
}

// Two bits of each weight of the quads i and i + 4. Word w has row 2 * w in its lower half and
// row 2 * w + 1 in its upper: first the bits 0 of 8 columns, then the bits 1.
fn low_words(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + 1u + i);
}

fn bytes_of(word: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu);
}

fn scales_of(word: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>((bytes_of(word) << vec4<u32>(19u)) + vec4<u32>(scale_exponent_min));
}

fn zeros_of(word: u32) -> vec4<f32> {
  return quants(bytes_of(word), 0xffu) * zero_step;
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
