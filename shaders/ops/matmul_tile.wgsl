// out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o] (+ residual[t, o])
// x [tokens, columns], weight [rows, columns], out [tokens, rows], for many tokens: a workgroup of
// 128 threads takes a tile of 64 rows and 64 tokens, a thread 8 rows and 4 tokens of it; 32
// columns at a time lie in workgroup memory, the weights dequantized.
#include "numbers/nowhere.wgsl"
#include "activations/{access}.wgsl"
#include "vectors/{access}.wgsl"
#include "matrices/{matrices}.wgsl"
#include "weights/{weight}_tile.wgsl"
#include "arithmetic/{arithmetic}.wgsl"

const workgroup_size = 128u;
const tile_tokens = 64u;
const tile_rows = 64u;
const tile_columns = 32u;

struct Parameters {
  columns: u32,
  rows: u32,
  tokens: u32,
  x: u32,
  out: u32,
  stride: u32,    // of out and of the residual, between tokens
  bias: u32,      // or nowhere
  residual: u32,  // or nowhere
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

// [column][token / 4] and [column][row / 4]
var<workgroup> x_tile: array<vec4<number>, tile_columns * tile_tokens / 4u>;
var<workgroup> weight_tile: array<vec4<number>, tile_columns * tile_rows / 4u>;

fn weight_columns() -> u32 {
  return parameters.columns;
}

fn weight_rows(matrix: u32) -> u32 {
  return parameters.rows;
}

fn store_rows(panel: u32, column: u32, quad: u32, weights: vec4<f32>) {
  let at = (column % tile_columns) * (tile_rows / 4u) + panel % (tile_rows / 8u) * 2u + quad;
  weight_tile[at] = to_numbers(weights);
}

fn x_at(token: u32, column: u32) -> f32 {
  return read_f32(parameters.x + token * parameters.columns + column);
}

fn load_x(thread: u32, first_token: u32, first_column: u32) {
  for (var i = thread; i < tile_columns * tile_tokens / 4u; i += workgroup_size) {
    let column = first_column + i % tile_columns;
    let token = first_token + i / tile_columns * 4u;
    var values = vec4<f32>();
    if (column < parameters.columns) {
      if (token < parameters.tokens) { values.x = x_at(token, column); }
      if (token + 1u < parameters.tokens) { values.y = x_at(token + 1u, column); }
      if (token + 2u < parameters.tokens) { values.z = x_at(token + 2u, column); }
      if (token + 3u < parameters.tokens) { values.w = x_at(token + 3u, column); }
    }
    x_tile[i % tile_columns * (tile_tokens / 4u) + i / tile_columns] = to_numbers(values);
  }
}

fn load_weights_tile(thread: u32, first_row: u32, first_column: u32) {
  let slices = tile_columns / (4u * slice_quads);
  let first_slice = first_column / (4u * slice_quads);
  let slices_end = slice_count(parameters.columns);
  let last_panel = (parameters.rows - 1u) / 8u;
  for (var i = thread; i < slices * tile_rows / 8u; i += workgroup_size) {
    let panel = first_row / 8u + i / slices;
    let slice = first_slice + i % slices;
    if (panel <= last_panel && slice < slices_end) {
      store_slice(0u, panel, slice);
    }
  }
}

fn clear_weights_tile(thread: u32) {
  for (var i = thread; i < tile_columns * tile_rows / 4u; i += workgroup_size) {
    weight_tile[i] = vec4<number>();
  }
  workgroupBarrier();
}

fn write_rows(token: u32, row: u32, sums: vec4<f32>) {
  if (token >= parameters.tokens) {
    return;
  }
  let count = min(4u, max(parameters.rows, row) - row);
  var values = sums;
  if (parameters.bias != nowhere) {
    values += read_vector_up_to_4(parameters.bias + row, count);
  }
  let at = token * parameters.stride + row;
  if (parameters.residual != nowhere) {
    values += read_up_to_4(parameters.residual + at, count);
  }
  write_up_to_4(parameters.out + at, count, values);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(num_workgroups) workgroups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let first_row = (workgroup.x + workgroup.y * workgroups.x) * tile_rows;
  if (first_row >= parameters.rows) {
    return;
  }
  let first_token = workgroup.z * tile_tokens;
  let row_octet = thread % 8u;
  let token_quad = thread / 8u;
  var low = array<vec4<f32>, 4>();
  var high = array<vec4<f32>, 4>();
  for (var first_column = 0u; first_column < parameters.columns; first_column += tile_columns) {
    if (first_column + tile_columns > parameters.columns) {
      clear_weights_tile(thread);
    }
    load_x(thread, first_token, first_column);
    load_weights_tile(thread, first_row, first_column);
    workgroupBarrier();
    multiply(row_octet, token_quad, &low, &high);
    workgroupBarrier();
  }
  for (var t = 0u; t < 4u; t++) {
    let token = first_token + token_quad * 4u + t;
    write_rows(token, first_row + row_octet * 8u, low[t]);
    write_rows(token, first_row + row_octet * 8u + 4u, high[t]);
  }
}
