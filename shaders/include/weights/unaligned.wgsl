// Four words of a matrix that do not begin at a multiple of 16 bytes: parts of two vec4s.
#include "weights/rows.wgsl"

// `pair` counts words by two.
fn load_from_pair(matrix: u32, pair: u32) -> vec4<u32> {
  let first = load_weights(matrix, pair >> 1u);
  let next = load_weights(matrix, (pair >> 1u) + 1u);
  return select(first, vec4<u32>(first.zw, next.xy), (pair & 1u) == 1u);
}

fn load_from_word(matrix: u32, word: u32) -> vec4<u32> {
  let first = load_weights(matrix, word >> 2u);
  let next = load_weights(matrix, (word >> 2u) + 1u);
  let is_odd_pair = (word & 2u) == 2u;
  let from_pair = select(first, vec4<u32>(first.zw, next.xy), is_odd_pair);
  let fifth = select(next.x, next.z, is_odd_pair);
  return select(from_pair, vec4<u32>(from_pair.yzw, fifth), (word & 1u) == 1u);
}
