// Products of slices of q2 and q3 in f16, two rows at once; scales, zero points and everything
// behind a slice's 16 columns are f32.
#include "weights/f16_of_bits.wgsl"

// Of two words of each column, which are four rows.
fn four_rows_dot(j0: vec2<u32>, j1: vec2<u32>, j2: vec2<u32>, j3: vec2<u32>, low_x: vec4<f16>,
                 high_x: vec4<f16>) -> vec4<f16> {
  return low_integers(j0, quant_mask) * low_x.x + low_integers(j1, quant_mask) * low_x.y +
         low_integers(j2, quant_mask) * low_x.z + low_integers(j3, quant_mask) * low_x.w +
         high_integers(j0, quant_mask) * high_x.x + high_integers(j1, quant_mask) * high_x.y +
         high_integers(j2, quant_mask) * high_x.z + high_integers(j3, quant_mask) * high_x.w;
}

// The quants of 8 rows with a low and a high quad of x.
fn half_dot(columns: Columns, low_x: vec4<f16>, high_x: vec4<f16>) -> Rows {
  return Rows(vec4<f32>(four_rows_dot(columns.j0.xy, columns.j1.xy, columns.j2.xy, columns.j3.xy,
                                      low_x, high_x)),
              vec4<f32>(four_rows_dot(columns.j0.zw, columns.j1.zw, columns.j2.zw, columns.j3.zw,
                                      low_x, high_x)));
}

fn columns_dot(first: Columns, second: Columns, x: array<vec4<f32>, slice_quads>) -> Rows {
  let power = power_below(max(max(largest_of(x[0]), largest_of(x[1])),
                              max(largest_of(x[2]), largest_of(x[3]))));
  let a = half_dot(first, divided_by_power(x[0], power), divided_by_power(x[2], power));
  let b = half_dot(second, divided_by_power(x[1], power), divided_by_power(x[3], power));
  return Rows((a.low + b.low) * power, (a.high + b.high) * power);
}

fn planes_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  let first = columns_of(matrix, block, i);
  let second = columns_of(matrix, block, i + 1u);
  return Dots(columns_dot(first, second, x), sum_of(x));
}
