// Weights q4m as bytes.
#include "bytes/nibbles.wgsl"
#include "bytes/halves.wgsl"
const block_words = 40u;
const quants_begin = 8u;

fn finished(at: u32, dots: Rows, sum: f32) -> Rows {
  let scales = halves_at(at);
  let minimums = halves_at(at + 4u);
  return Rows(dots.low * scales.low + minimums.low * sum,
              dots.high * scales.high + minimums.high * sum);
}
