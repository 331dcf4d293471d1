// Weights q2 as bytes.
#include "bytes/low_bits.wgsl"
#include "weights/q2_zeros.wgsl"
const block_words = 19u;
const block_units = block_words;
const low_words_begin = 3u;

fn zeros_at(at: u32) -> Rows {
  return zeros_of(vec4<u32>(0u, 0u, staged_word(at + 2u), 0u));
}

fn third_bits(at: u32, pair: u32) -> vec2<u32> {
  return vec2<u32>();
}
