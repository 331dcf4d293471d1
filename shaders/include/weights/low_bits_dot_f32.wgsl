// Products of slices of q2 and q3 in f32.

// Of the rows whose quants begin at the mask's lowest bit; x is divided by the units of the bits.
fn half_dot(columns: Columns, mask: u32, low_x: vec4<f32>, high_x: vec4<f32>) -> vec4<f32> {
  return quants(columns.j0, mask) * low_x.x + quants(columns.j1, mask) * low_x.y +
         quants(columns.j2, mask) * low_x.z + quants(columns.j3, mask) * low_x.w +
         quants(columns.j0, mask << 4u) * high_x.x + quants(columns.j1, mask << 4u) * high_x.y +
         quants(columns.j2, mask << 4u) * high_x.z + quants(columns.j3, mask << 4u) * high_x.w;
}

// The quants of 8 rows with the quads 0 and 2 of x, and with 1 and 3.
fn columns_dot(first: Columns, second: Columns, x: array<vec4<f32>, slice_quads>) -> Rows {
  let high_0 = x[2] / 16.0;
  let high_1 = x[3] / 16.0;
  let even = half_dot(first, quant_mask, x[0], high_0) +
             half_dot(second, quant_mask, x[1], high_1);
  let odd = half_dot(first, quant_mask << 16u, x[0], high_0) +
            half_dot(second, quant_mask << 16u, x[1], high_1);
  return rows_of(even, odd / 65536.0);
}

fn planes_dot(matrix: u32, block: u32, i: u32, x: array<vec4<f32>, slice_quads>) -> Dots {
  let first = columns_of(matrix, block, i);
  let second = columns_of(matrix, block, i + 1u);
  return Dots(columns_dot(first, second, x), sum_of(x));
}
