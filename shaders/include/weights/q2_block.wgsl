// A block of q2 (quantization/q2.h) is 19 words: 2 of scales, 1 of zero points, 16 of the low
// planes.
#include "units/word.wgsl"
const block_units = 19u;

fn lines_at(matrix: u32, block: u32) -> vec4<u32> {
  return load_four_words(matrix, block);
}

fn zeros_of(lines: vec4<u32>) -> Rows {
  let codes = vec4<u32>(lines.z) >> vec4<u32>(0u, 8u, 16u, 24u);
  return Rows(quants(codes, 0xfu) / 8.0 + 0.5, quants(codes >> vec4<u32>(4u), 0xfu) / 8.0 + 0.5);
}

fn low_words(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return load_four_words(matrix, block + 3u + 4u * i);
}
