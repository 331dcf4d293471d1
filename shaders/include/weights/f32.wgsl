// Weights f32, row-major; the columns' count is a multiple of 4.
#include "units/quad.wgsl"
#include "weights/rows.wgsl"
const slice_quads = 1u;

fn slice_count(columns: u32) -> u32 {
  return columns / 4u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 4u;
}

fn row_quad(matrix: u32, row: u32, slice: u32) -> vec4<f32> {
  let inside = min(row, weight_rows(matrix) - 1u);
  return bitcast<vec4<f32>>(load_weights(matrix, inside * (weight_columns() / 4u) + slice));
}

fn half_dot(matrix: u32, row: u32, slice: u32, x: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(dot(row_quad(matrix, row, slice), x), dot(row_quad(matrix, row + 1u, slice), x),
                   dot(row_quad(matrix, row + 2u, slice), x),
                   dot(row_quad(matrix, row + 3u, slice), x));
}

fn slice_dot(matrix: u32, panel: u32, slice: u32, x: array<vec4<f32>, slice_quads>) -> Rows {
  let row = panel * 8u;
  return Rows(half_dot(matrix, row, slice, x[0]), half_dot(matrix, row + 4u, slice, x[0]));
}
