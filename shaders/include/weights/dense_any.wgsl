// Slices of row-major weights with any number of columns, weight by weight.
#include "weights/rows.wgsl"
const slice_quads = 1u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 3u) / 4u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 4u;
}

fn weight_or_zero(matrix: u32, row: u32, column: u32) -> f32 {
  if (row >= weight_rows(matrix) || column >= weight_columns()) {
    return 0.0;
  }
  return weight_at(matrix, row, column);
}

// Four rows of a column.
fn column_quad(matrix: u32, row: u32, column: u32) -> vec4<f32> {
  return vec4<f32>(weight_or_zero(matrix, row, column), weight_or_zero(matrix, row + 1u, column),
                   weight_or_zero(matrix, row + 2u, column),
                   weight_or_zero(matrix, row + 3u, column));
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let quad = x[0];
  var sums = Rows();
  for (var j = 0u; j < 4u; j++) {
    sums.low += column_quad(matrix, panel * 8u, slice * 4u + j) * quad[j];
    sums.high += column_quad(matrix, panel * 8u + 4u, slice * 4u + j) * quad[j];
  }
  return sums;
}
