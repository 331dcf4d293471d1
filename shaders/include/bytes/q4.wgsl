// Weights q4 as bytes.
#include "bytes/nibbles.wgsl"
#include "bytes/halves.wgsl"
const block_words = 36u;
const quants_begin = 4u;

fn finished(at: u32, dots: Rows, sum: f32) -> Rows {
  let scales = halves_at(at);
  return Rows((dots.low - 8.0 * sum) * scales.low, (dots.high - 8.0 * sum) * scales.high);
}
