// Products of slices of q2 and q3 in f16, two columns of a row at once; scales, zero points and
// everything behind a slice's 16 columns are f32.
#include "weights/f16_of_bits.wgsl"

// Of four bytes of each of two rows, even ones and odd ones apart.
fn bytes_dot(words: vec2<u32>, x: vec4<f16>) -> vec4<f16> {
  return low_integers(words, 0xffu) * x.xzxz + low_integers(words >> vec2<u32>(8u), 0xffu) * x.ywyw;
}

fn half_dot(codes: vec4<u32>, third: vec4<u32>, x: array<vec4<f16>, slice_quads>) -> vec4<f32> {
  let first = octets_of(codes, third << vec4<u32>(2u));
  let second = octets_of(codes >> vec4<u32>(4u), third << vec4<u32>(1u));
  let a = bytes_dot(first.near.xy, x[0]) + bytes_dot(first.far.xy, x[1]) +
          bytes_dot(second.near.xy, x[2]) + bytes_dot(second.far.xy, x[3]);
  let b = bytes_dot(first.near.zw, x[0]) + bytes_dot(first.far.zw, x[1]) +
          bytes_dot(second.near.zw, x[2]) + bytes_dot(second.far.zw, x[3]);
  return vec4<f32>(vec2<f32>(a.xz + a.yw), vec2<f32>(b.xz + b.yw));
}

fn quants_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  let power = power_below(largest_of_slice(x));
  let parts = array<vec4<f16>, slice_quads>(
      divided_by_power(x[0], power), divided_by_power(x[1] / 4.0, power),
      divided_by_power(x[2], power), divided_by_power(x[3] / 4.0, power));
  let low = half_dot(codes_at(matrix, block, i), third_at(matrix, block, i), parts);
  let high = half_dot(codes_at(matrix, block, i + 1u), third_at(matrix, block, i + 1u), parts);
  return Dots(Rows(low * power, high * power), sum_of(x));
}
