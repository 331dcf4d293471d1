// Weights q3 as bytes.
#include "bytes/low_bits.wgsl"
#include "weights/q3_zeros.wgsl"
const block_words = 28u;
const block_units = block_words;
const low_words_begin = 4u;

fn zeros_at(at: u32) -> Rows {
  return zeros_of(vec4<u32>(0u, 0u, staged_word(at + 2u), staged_word(at + 3u)));
}

// Of two words the lower halves are a row; its bytes are the quads 0 and 2, or 1 and 3.
fn third_bits(at: u32, pair: u32) -> vec2<u32> {
  let even = staged_word(at + 20u + pair);
  let odd = staged_word(at + 24u + pair);
  let quads_01 = (even & 0x00ff00ffu) | ((odd & 0x00ff00ffu) << 8u);
  let quads_23 = ((even >> 8u) & 0x00ff00ffu) | (odd & 0xff00ff00u);
  return vec2<u32>((quads_01 & 0xffffu) | (quads_23 << 16u),
                   (quads_01 >> 16u) | (quads_23 & 0xffff0000u));
}
