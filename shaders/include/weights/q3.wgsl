// Weights q3.
#include "weights/q3_block.wgsl"
#include "weights/low_bits_vector.wgsl"
const quant_mask = 7u;

// The third bit takes the place of the next column's first.
fn with_third(low: vec4<u32>, third: vec4<u32>) -> vec4<u32> {
  return (low & vec4<u32>(0x00330033u)) | (third & vec4<u32>(0x00440044u));
}

fn columns_of(matrix: u32, block: u32, i: u32) -> Columns {
  let low = low_columns(low_words(matrix, block, i));
  let third = third_words_of(matrix, block, i);
  return Columns(with_third(low.j0, third << vec4<u32>(2u)),
                 with_third(low.j1, third << vec4<u32>(1u)), with_third(low.j2, third),
                 with_third(low.j3, third >> vec4<u32>(1u)));
}

fn third_words(matrix: u32, block: u32, i: u32) -> vec4<u32> {
  return third_words_of(matrix, block, i);
}
