// Products of slices of 4-bit weights in bytes.
#include "weights/bytes_of_x.wgsl"

// Of four rows, as nibbles of the columns of low x and of high x, added to `start`.
fn four_rows_dot(words: vec4<u32>, low_x: u32, high_x: u32, start: i32) -> vec4<f32> {
  let low = words & vec4<u32>(0x0f0f0f0fu);
  let high = (words >> vec4<u32>(4u)) & vec4<u32>(0x0f0f0f0fu);
  return integers_of(
      vec4<i32>(start + dot4I8Packed(low.x, low_x) + dot4I8Packed(high.x, high_x),
                start + dot4I8Packed(low.y, low_x) + dot4I8Packed(high.y, high_x),
                start + dot4I8Packed(low.z, low_x) + dot4I8Packed(high.z, high_x),
                start + dot4I8Packed(low.w, low_x) + dot4I8Packed(high.w, high_x)));
}

fn quants_dot(matrix: u32, block: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let i = (slice & 3u) * 2u;
  let scales = scales_at(matrix, block);
  let largest = max(largest_of(x[0]), largest_of(x[1]));
  let factor = bytes_per_unit(largest);
  let low_x = rounded_bytes(x[0], factor);
  let high_x = rounded_bytes(x[1], factor);
  // Less the zero points' share.
  let start = float_of_integer_bits - i32(nibble_zero) * (bytes_sum(low_x) + bytes_sum(high_x));
  let unit = largest / 127.0;
  return Rows(four_rows_dot(quants_at(matrix, block, i), low_x, high_x, start) *
                  (scales.low * unit),
              four_rows_dot(quants_at(matrix, block, i + 1u), low_x, high_x, start) *
                  (scales.high * unit));
}
