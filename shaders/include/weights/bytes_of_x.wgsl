// x rounded to signed bytes, a slice with a scale of its own, so that a GPU multiplies four at a
// time and sums them exactly.
#include "numbers/largest_of.wgsl"

// What x is multiplied with before it is rounded, `largest` being its largest magnitude. What has
// no finite inverse counts as zero.
fn bytes_per_unit(largest: f32) -> f32 {
  return select(0.0, 127.0 / largest, largest > 0x1p-118);
}

fn rounded_bytes(values: vec4<f32>) -> u32 {
  return pack4xI8(vec4<i32>(round(values)));
}

fn bytes_sum(bytes: u32) -> i32 {
  return dot4I8Packed(bytes, 0x01010101u);
}
