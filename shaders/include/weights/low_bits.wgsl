// What q2 and q3 (quantization/low_bits.h) share. A block of 8 rows x 32 columns begins with a vec4
// of which words 0 and 1 hold the scales of the rows, a byte each, and words 2 and 3 their zero
// points; then come the low planes of chunks 0 and 1, two vec4s of 4 rows each. A format adds
// block_vec4s, zero_step, quant_mask, and its quants by low_bits_vector.wgsl or low_bits_tile.wgsl.
#include "weights/rows.wgsl"
const scale_exponent_min = 0x39000000u;  // of 2^-13

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_vec4s;
}

// Two bits of each of 4 rows x 16 columns, columns 8 * k + 4 * chunk + j in bits 8 * j + 2 * k.
fn low_words(matrix: u32, block: u32, chunk: u32, half_panel: u32) -> vec4<u32> {
  return load_weights(matrix, block + 1u + chunk * 2u + half_panel);
}

fn bytes_of(word: u32) -> vec4<u32> {
  return (vec4<u32>(word) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(0xffu);
}

fn scales_of(word: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>((bytes_of(word) << vec4<u32>(19u)) + vec4<u32>(scale_exponent_min));
}

fn zeros_of(word: u32) -> vec4<f32> {
  return (bitcast<vec4<f32>>(bytes_of(word) | vec4<u32>(float_of_bits)) - float_of_bits_value) *
         zero_step;
}

// The quant under the mask of each word, times the mask's lowest bit.
fn quants(words: vec4<u32>, mask: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>((words & vec4<u32>(mask)) | vec4<u32>(float_of_bits)) -
         float_of_bits_value;
}
