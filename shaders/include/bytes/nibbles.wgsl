// What 4-bit weights share as bytes. A format adds quants_begin, where the quants are in a block,
// and finished(at, dots, sum): products of the quants, and the sum of x.
#include "weights/rows.wgsl"

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_words;
}

fn packed(x: array<vec4<f32>, 4>) -> vec4<u32> {
  return vec4<u32>(packed_quad(x[0]), packed_quad(x[1]), packed_quad(x[2]), packed_quad(x[3]));
}

fn row_dot(at: u32, low: Part, high: Part) -> f32 {
  let words = vec4<u32>(staged_word(at), staged_word(at + 8u), staged_word(at + 16u),
                        staged_word(at + 24u));
  let low_quants = words & vec4<u32>(0x0f0f0f0fu);
  let high_quants = (words >> vec4<u32>(4u)) & vec4<u32>(0x0f0f0f0fu);
  let low_dot = dot4I8Packed(low_quants.x, low.bytes.x) + dot4I8Packed(low_quants.y, low.bytes.y) +
                dot4I8Packed(low_quants.z, low.bytes.z) + dot4I8Packed(low_quants.w, low.bytes.w);
  let high_dot =
      dot4I8Packed(high_quants.x, high.bytes.x) + dot4I8Packed(high_quants.y, high.bytes.y) +
      dot4I8Packed(high_quants.z, high.bytes.z) + dot4I8Packed(high_quants.w, high.bytes.w);
  return f32(low_dot) * low.scale + f32(high_dot) * high.scale;
}

fn rows_dot(at: u32, low: Part, high: Part) -> vec4<f32> {
  return vec4<f32>(row_dot(at, low, high), row_dot(at + 1u, low, high), row_dot(at + 2u, low, high),
                   row_dot(at + 3u, low, high));
}

fn block_dot(at: u32, low: Part, high: Part) -> Rows {
  let begin = at + quants_begin;
  return finished(at, Rows(rows_dot(begin, low, high), rows_dot(begin + 4u, low, high)),
                  low.sum + high.sum);
}
