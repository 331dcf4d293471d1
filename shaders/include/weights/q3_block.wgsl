// A block of q3 (quantization/q3.h) is 7 vec4s: 1 of scales and zero points, 4 of the low planes, 2
// of the high plane.
#include "units/quad.wgsl"
const block_units = 7u;

fn lines_at(matrix: u32, block: u32) -> vec4<u32> {
  return load_weights(matrix, block);
}

fn zeros_of(lines: vec4<u32>) -> Rows {
  return Rows(quants(bytes_of(lines.z), 0xffu) / 32.0, quants(bytes_of(lines.w), 0xffu) / 32.0);
}

fn low_words(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + 1u + i);
}

// The third bits of the quads i and i + 4 in byte 0 of each half of a word.
fn third_words_of(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_weights(matrix, block + 5u + (i & 1u)) >> vec4<u32>((i >> 1u) * 8u);
}
