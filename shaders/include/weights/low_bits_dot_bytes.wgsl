// Products of slices of q2 and q3 in bytes. A word has 16 weights of one row, two bits each: in its
// bytes columns 0 (or 2), 1 (or 3) of a quad and of the next one, in the low half of a byte, and 16
// columns further in the high half.
#include "weights/bytes_of_x.wgsl"

// The lower halves of two words, and the upper halves.
fn lower_halves(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  return (a & vec4<u32>(0xffffu)) | (b << vec4<u32>(16u));
}

fn upper_halves(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
  return (a >> vec4<u32>(16u)) | (b & vec4<u32>(0xffff0000u));
}

// A byte of bits 0 and one of bits 1 become a byte of even columns and one of odd columns: bits 1
// of the even ones and bits 0 of the odd ones change places.
fn two_bits_each(planes: vec4<u32>) -> vec4<u32> {
  let moved = ((planes >> vec4<u32>(7u)) ^ planes) & vec4<u32>(0x00aa00aau);
  return planes ^ moved ^ (moved << vec4<u32>(7u));
}

// Beside a byte of third bits the same byte, where odd columns lie as even ones did.
fn third_bits_each(planes: vec4<u32>) -> vec4<u32> {
  return (planes & vec4<u32>(0x00ff00ffu)) | ((planes << vec4<u32>(7u)) & vec4<u32>(0xff00ff00u));
}

fn four_dots(words: vec4<u32>, x: u32) -> vec4<i32> {
  return vec4<i32>(dot4I8Packed(words.x, x), dot4I8Packed(words.y, x),
                   dot4I8Packed(words.z, x), dot4I8Packed(words.w, x));
}

// Of columns 0 and 1 of quads, or 16 further; third bits two places higher than the others' first.
fn near_dots(codes: vec4<u32>, third: vec4<u32>, x: u32) -> vec4<i32> {
  return four_dots((codes & vec4<u32>(0x03030303u)) | (third & vec4<u32>(0x04040404u)), x);
}

// Four times that of columns 2 and 3.
fn far_dots(codes: vec4<u32>, third: vec4<u32>, x: u32) -> vec4<i32> {
  return four_dots((codes & vec4<u32>(0x0c0c0c0cu)) | (third & vec4<u32>(0x10101010u)), x);
}

// Four times the products of every second row, whose planes these are.
fn rows_dot(planes: vec4<u32>, third_plane: vec4<u32>, x: vec4<u32>) -> vec4<f32> {
  let codes = two_bits_each(planes);
  let third = third_bits_each(third_plane);
  let low_third = third << vec4<u32>(2u);
  let high_codes = codes >> vec4<u32>(4u);
  let high_third = third >> vec4<u32>(2u);
  let ones = near_dots(codes, low_third, x.x) + near_dots(high_codes, high_third, x.z);
  let fours = far_dots(codes, low_third, x.y) + far_dots(high_codes, high_third, x.w);
  return integers_of((ones << vec4<u32>(2u)) + fours + vec4<i32>(float_of_integer_bits));
}

fn planes_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  let largest = max(max(largest_of(x[0]), largest_of(x[1])),
                    max(largest_of(x[2]), largest_of(x[3])));
  let f = bytes_per_unit(largest);
  let bytes = vec4<u32>(rounded_bytes(vec4<f32>(x[0].xy, x[1].xy), f),
                        rounded_bytes(vec4<f32>(x[0].zw, x[1].zw), f),
                        rounded_bytes(vec4<f32>(x[2].xy, x[3].xy), f),
                        rounded_bytes(vec4<f32>(x[2].zw, x[3].zw), f));
  let sum = bytes_sum(bytes.x) + bytes_sum(bytes.y) + bytes_sum(bytes.z) + bytes_sum(bytes.w);
  let a = low_words(matrix, block, i);
  let b = low_words(matrix, block, i + 1u);
  let c = third_words(matrix, block, i);
  let d = third_words(matrix, block, i + 1u);
  let rows = rows_of(rows_dot(lower_halves(a, b), lower_halves(c, d), bytes),
                     rows_dot(upper_halves(a, b), upper_halves(c, d), bytes));
  let unit = largest / 127.0;
  return Dots(Rows(rows.low * (0.25 * unit), rows.high * (0.25 * unit)), f32(sum) * unit);
}
