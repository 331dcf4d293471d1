// What q2 and q3 (quantization/low_bits.h) share as bytes. A format adds low_words_begin, where the
// low planes are in a block, zeros_at(at) and third_bits(at, pair): the third bits of two rows,
// columns in their places in codes_of.
#include "weights/low_bits.wgsl"

// Word j has the columns 4 * i + j in its bytes i.
fn packed(x: array<vec4<f32>, 4>) -> vec4<u32> {
  return vec4<u32>(packed_quad(vec4<f32>(x[0].x, x[1].x, x[2].x, x[3].x)),
                   packed_quad(vec4<f32>(x[0].y, x[1].y, x[2].y, x[3].y)),
                   packed_quad(vec4<f32>(x[0].z, x[1].z, x[2].z, x[3].z)),
                   packed_quad(vec4<f32>(x[0].w, x[1].w, x[2].w, x[3].w)));
}

fn quants_of(codes: u32, third: u32) -> u32 {
  return (codes & 0x03030303u) | (third & 0x04040404u);
}

// Of a row: even has two bits of the columns j = 0 from bit 0 on and of j = 2 from bit 2 on, odd
// those of j = 1 and 3; third has one of column j in bit j.
fn part_dot(even: u32, odd: u32, third: u32, x: vec4<u32>) -> i32 {
  return dot4I8Packed(quants_of(even, third << 2u), x.x) +
         dot4I8Packed(quants_of(odd, third << 1u), x.y) +
         dot4I8Packed(quants_of(even >> 2u, third), x.z) +
         dot4I8Packed(quants_of(odd >> 2u, third >> 1u), x.w);
}

// Of a row, given as a byte of each quad for each bit.
fn row_dot(first: u32, second: u32, third: u32, low: Part, high: Part) -> f32 {
  let even = (first & 0x55555555u) | ((second << 1u) & 0xaaaaaaaau);
  let odd = ((first >> 1u) & 0x55555555u) | (second & 0xaaaaaaaau);
  return f32(part_dot(even, odd, third, low.bytes)) * low.scale +
         f32(part_dot(even >> 4u, odd >> 4u, third >> 4u, high.bytes)) * high.scale;
}

// Two rows: their bytes of four quads are brought together.
fn pair_dot(at: u32, pair: u32, low: Part, high: Part) -> vec2<f32> {
  let begin = at + low_words_begin + pair;
  let a = staged_word(begin);
  let b = staged_word(begin + 4u);
  let c = staged_word(begin + 8u);
  let d = staged_word(begin + 12u);
  let first_ab = (a & 0x00ff00ffu) | ((b & 0x00ff00ffu) << 8u);
  let first_cd = (c & 0x00ff00ffu) | ((d & 0x00ff00ffu) << 8u);
  let second_ab = ((a >> 8u) & 0x00ff00ffu) | (b & 0xff00ff00u);
  let second_cd = ((c >> 8u) & 0x00ff00ffu) | (d & 0xff00ff00u);
  let third = third_bits(at, pair);
  return vec2<f32>(row_dot((first_ab & 0xffffu) | (first_cd << 16u),
                           (second_ab & 0xffffu) | (second_cd << 16u), third.x, low, high),
                   row_dot((first_ab >> 16u) | (first_cd & 0xffff0000u),
                           (second_ab >> 16u) | (second_cd & 0xffff0000u), third.y, low, high));
}

fn block_dot(at: u32, low: Part, high: Part) -> Rows {
  let zeros = zeros_at(at);
  let sum = low.sum + high.sum;
  let low_rows = vec4<f32>(pair_dot(at, 0u, low, high), pair_dot(at, 1u, low, high));
  let high_rows = vec4<f32>(pair_dot(at, 2u, low, high), pair_dot(at, 3u, low, high));
  return Rows((low_rows - zeros.low * sum) * scales_of(staged_word(at)),
              (high_rows - zeros.high * sum) * scales_of(staged_word(at + 1u)));
}
