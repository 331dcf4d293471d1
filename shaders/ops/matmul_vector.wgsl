// out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o] (+ residual[t, o])
// x [tokens, columns], weight [rows, columns], out [tokens, rows], for few tokens: a workgroup
// takes a tile of rows and one token, its threads share the columns. {input}: x may be normed
// first; {tile}: which rows, of which of several matrices, and how they are written;
// {products}: the arithmetic in which packed weights are multiplied.
#include "numbers/nowhere.wgsl"
#include "activations/{access}.wgsl"
#include "vectors/{access}.wgsl"
#include "matrices/{matrices}.wgsl"
#include "weights/{weight}.wgsl"
#include "inputs/{input}.wgsl"
#include "tiles/{tile}.wgsl"
#include "reduction/{reduction}_rows.wgsl"

override workgroup_size: u32 = 64u;

struct Matrix {
  rows: u32,
  out: u32,
  stride: u32,  // of out and of the residual, between tokens
  bias: u32,    // or nowhere
}

struct Parameters {
  columns: u32,
  x: u32,
  norm: u32,
  epsilon: f32,
  residual: u32,  // or nowhere
  activation: u32,
  padding_0: u32,
  padding_1: u32,
  matrices: array<Matrix, 3>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

fn weight_columns() -> u32 {
  return parameters.columns;
}

fn weight_rows(matrix: u32) -> u32 {
  return parameters.matrices[matrix].rows;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let tile = tile_of(workgroup.x + workgroup.y * workgroups.x);
  if (tile.matrix == matrix_count) {
    return;
  }
  let x_row = parameters.x + workgroup.z * parameters.columns;
  let slices = slice_count(parameters.columns);
  var own = Totals();
  for (var slice = thread; slice < slices; slice += workgroup_size) {
    var x = array<vec4<f32>, slice_quads>();
    for (var quad = 0u; quad < slice_quads; quad++) {
      let column = slice_column(slice, quad);
      let count = min(4u, max(parameters.columns, column) - column);
      x[quad] = read_up_to_4(x_row + column, count);
      if (is_normed) {
        own.squares += dot(x[quad], x[quad]);
        x[quad] *= read_vector_up_to_4(parameters.norm + column, count);
      }
    }
    for (var i = 0u; i < sums_count; i++) {
      let products = slice_dot(tile_matrix(tile, i), tile_panel(tile, i), slice, x);
      own.rows[i].low += products.low;
      own.rows[i].high += products.high;
    }
  }
  let totals = workgroup_totals(thread, own);
  var factor = 1.0;
  if (is_normed) {
    factor = inverseSqrt(totals.squares / f32(parameters.columns) + parameters.epsilon);
  }
  for (var i = 0u; i < sums_count; i++) {
    if (thread == 0u) {
      write_tile(tile, workgroup.z, i, 0u, totals.rows[i].low * factor);
    }
    if (thread == 1u) {
      write_tile(tile, workgroup.z, i, 1u, totals.rows[i].high * factor);
    }
  }
}
