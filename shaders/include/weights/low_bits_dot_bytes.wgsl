// Products of slices of q2 and q3 in bytes.
#include "weights/bytes_of_x.wgsl"

fn four_dots(words: vec4<u32>, x: u32) -> vec4<i32> {
  return vec4<i32>(dot4I8Packed(words.x, x), dot4I8Packed(words.y, x),
                   dot4I8Packed(words.z, x), dot4I8Packed(words.w, x));
}

// Four times the products of 4 rows.
fn half_dot(codes: vec4<u32>, third: vec4<u32>, x: vec4<u32>) -> vec4<f32> {
  let first = octets_of(codes, third << vec4<u32>(2u));
  let second = octets_of(codes >> vec4<u32>(4u), third << vec4<u32>(1u));
  let ones = four_dots(first.near, x.x) + four_dots(second.near, x.z);
  let fours = four_dots(first.far, x.y) + four_dots(second.far, x.w);
  return integers_of((ones << vec4<u32>(2u)) + fours + vec4<i32>(float_of_integer_bits));
}

fn quants_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  let largest = largest_of_slice(x);
  let factor = bytes_per_unit(largest);
  let bytes = vec4<u32>(rounded_bytes(x[0], factor), rounded_bytes(x[1], factor),
                        rounded_bytes(x[2], factor), rounded_bytes(x[3], factor));
  let sum = bytes_sum(bytes.x) + bytes_sum(bytes.y) + bytes_sum(bytes.z) + bytes_sum(bytes.w);
  let low = half_dot(codes_at(matrix, block, i), third_at(matrix, block, i), bytes);
  let high = half_dot(codes_at(matrix, block, i + 1u), third_at(matrix, block, i + 1u), bytes);
  let unit = largest / 127.0;
  return Dots(Rows(low * (0.25 * unit), high * (0.25 * unit)), f32(sum) * unit);
}
