// Small integers in the halves of words as f16, without a conversion: in the lowest bits of 1024's
// pattern, 0x6400, bits add their value to 1024.
enable f16;
#include "numbers/largest_of.wgsl"

// The integers under the mask, of at most 4 bits, at the bottom of each half of the words.
fn low_integers(words: vec2<u32>, mask: u32) -> vec4<f16> {
  let bits = (words & vec2<u32>(mask * 0x10001u)) | vec2<u32>(0x64006400u);
  return bitcast<vec4<f16>>(bits) - 1024.0h;
}

// The same four bits higher; nothing is rounded.
fn high_integers(words: vec2<u32>, mask: u32) -> vec4<f16> {
  let bits = (words & vec2<u32>(mask * 0x100010u)) | vec2<u32>(0x64006400u);
  return fma(bitcast<vec4<f16>>(bits), vec4<f16>(0.0625h), vec4<f16>(-64.0h));
}

// The power of two next below a value, or zero: what values are divided by that have this largest
// one, so that f16 neither overflows nor loses them.
fn power_below(largest: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(largest) & 0x7f800000u);
}

fn divided_by_power(values: vec4<f32>, power: f32) -> vec4<f16> {
  return vec4<f16>(values * bitcast<f32>(0x7f000000u - bitcast<u32>(power)));
}
