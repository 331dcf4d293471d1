// Products of slices of 4-bit weights in f16, two columns of a row at once; scales and everything
// behind a slice's 8 columns are f32.
#include "weights/f16_of_bits.wgsl"

// Of two rows, the columns of the low nibbles of bytes 0 and 2, and those of the high ones.
fn low_nibbles(words: vec2<u32>) -> vec4<f16> {
  return low_integers(words, 0xfu) - f16(nibble_zero);
}

fn high_nibbles(words: vec2<u32>) -> vec4<f16> {
  return high_integers(words, 0xfu) - f16(nibble_zero);
}

fn two_rows_dot(words: vec2<u32>, low_x: vec4<f16>, high_x: vec4<f16>) -> vec2<f32> {
  let odd = words >> vec2<u32>(8u);
  let sums = low_nibbles(words) * low_x.xzxz + low_nibbles(odd) * low_x.ywyw +
             high_nibbles(words) * high_x.xzxz + high_nibbles(odd) * high_x.ywyw;
  return vec2<f32>(sums.xz + sums.yw);
}

fn half_dot(words: vec4<u32>, low_x: vec4<f16>, high_x: vec4<f16>) -> vec4<f32> {
  return vec4<f32>(two_rows_dot(words.xy, low_x, high_x), two_rows_dot(words.zw, low_x, high_x));
}

fn quants_dot(matrix: u32, block: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let i = (slice & 3u) * 2u;
  let scales = scales_at(matrix, block);
  let power = power_below(max(largest_of(x[0]), largest_of(x[1])));
  let low_x = divided_by_power(x[0], power);
  let high_x = divided_by_power(x[1], power);
  return Rows(half_dot(quants_at(matrix, block, i), low_x, high_x) * (scales.low * power),
              half_dot(quants_at(matrix, block, i + 1u), low_x, high_x) * (scales.high * power));
}
