// x rounded to signed bytes, a slice with a scale of its own, so that a GPU multiplies four at a
// time and sums them exactly. GPUs convert between floats and integers at a fraction of the rate at
// which they add: integers are read from and made to the last bits of floats instead.
#include "numbers/largest_of.wgsl"

// 1.5 * 2^23, whose last bits count ones, and its bits.
const float_of_integer = 12582912.0;
const float_of_integer_bits = 0x4b400000;

// What x is multiplied with before it is rounded, `largest` being its largest magnitude. What has
// no finite inverse counts as zero.
fn bytes_per_unit(largest: f32) -> f32 {
  return select(0.0, 127.0 / largest, largest > 0x1p-118);
}

// The nearest integers to values * factor. REQUIRES: these are signed bytes.
fn rounded_bytes(values: vec4<f32>, factor: f32) -> u32 {
  let bytes = bitcast<vec4<u32>>(values * factor + float_of_integer) & vec4<u32>(0xffu);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

fn bytes_sum(bytes: u32) -> i32 {
  return dot4I8Packed(bytes, 0x01010101u);
}

// The numbers that were added to float_of_integer_bits. REQUIRES: magnitudes below 2^22.
fn integers_of(bits: vec4<i32>) -> vec4<f32> {
  return bitcast<vec4<f32>>(bits) - float_of_integer;
}
