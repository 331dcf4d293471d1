// Weights q4s as bytes.
#include "bytes/nibbles.wgsl"
#include "weights/q4s_scales.wgsl"
const block_words = 34u;
const quants_begin = 2u;

fn finished(at: u32, dots: Rows, sum: f32) -> Rows {
  return Rows((dots.low - 8.0 * sum) * scales_of(staged_word(at)),
              (dots.high - 8.0 * sum) * scales_of(staged_word(at + 1u)));
}
