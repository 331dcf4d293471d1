// out[t, o] = sum_i x[t, i] * weight[o, i] + bias[o] (+ residual[t, o])
// x [tokens, columns], weight [rows, columns], out [tokens, rows], for many tokens: a workgroup of
// 128 threads takes a tile of rows and tokens ({shape}), a thread 8 rows and some tokens of it; a
// few columns at a time lie in workgroup memory, the weights dequantized.
#include "numbers/nowhere.wgsl"
#include "activations/{access}.wgsl"
#include "vectors/{access}.wgsl"
#include "matrices/{matrices}.wgsl"
#include "weights/{weight}_tile.wgsl"
#include "shapes/{shape}.wgsl"
#include "arithmetic/{arithmetic}.wgsl"

const workgroup_size = 128u;
const tile_quads = tile_columns / 4u;
const token_groups = tile_tokens / thread_tokens;
const row_octets = tile_rows / 8u;

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

var<workgroup> x_tile: array<vec4<number>, tile_quads * tile_tokens>;
var<workgroup> weight_tile: array<vec4<number>, tile_columns * tile_rows / 4u>;

// Of a thread's rows, 0..3 and 4..7, with each of its tokens.
struct Products {
  low: array<vec4<number>, thread_tokens>,
  high: array<vec4<number>, thread_tokens>,
}

alias Tokens = array<number, thread_tokens>;
alias XParts = array<vec4<number>, tile_quads * tile_tokens / workgroup_size>;

// Quads of neighbouring tokens lie in different banks.
fn x_index(token: u32, quad: u32) -> u32 {
  return token * tile_quads + (quad ^ (token % tile_quads));
}

fn weight_index(column: u32, row_quad: u32) -> u32 {
  return column * (tile_rows / 4u) + row_quad;
}

fn token_of(token_group: u32, index: u32) -> u32 {
  return token_group + index * token_groups;
}

fn weight_columns() -> u32 {
  return parameters.columns;
}

fn weight_rows(matrix: u32) -> u32 {
  return parameters.rows;
}

fn store_rows(panel: u32, column: u32, quad: u32, weights: vec4<f32>) {
  weight_tile[weight_index(column % tile_columns, panel % row_octets * 2u + quad)] =
      to_numbers(weights);
}

// A thread's part of the next tile of x, read before it is needed.
fn read_x(parts: ptr<function, XParts>, thread: u32, first_token: u32, first_column: u32) {
  for (var part = 0u; part < tile_quads * tile_tokens / workgroup_size; part++) {
    let i = thread + part * workgroup_size;
    let column = first_column + i % tile_quads * 4u;
    let token = first_token + i / tile_quads;
    let left = select(0u, max(parameters.columns, column) - column, token < parameters.tokens);
    let at = parameters.x + token * parameters.columns + column;
    (*parts)[part] = to_numbers(read_up_to_4(at, min(left, 4u)));
  }
}

fn store_x(parts: ptr<function, XParts>, thread: u32) {
  for (var part = 0u; part < tile_quads * tile_tokens / workgroup_size; part++) {
    let i = thread + part * workgroup_size;
    x_tile[x_index(i / tile_quads, i % tile_quads)] = (*parts)[part];
  }
}

fn load_weights_tile(thread: u32, first_row: u32, first_column: u32) {
  let slices = tile_columns / (4u * slice_quads);
  let first_slice = first_column / (4u * slice_quads);
  let slices_end = slice_count(parameters.columns);
  let last_panel = (parameters.rows - 1u) / 8u;
  for (var i = thread; i < slices * row_octets * slice_parts; i += workgroup_size) {
    let panel = first_row / 8u + i / slice_parts % row_octets;
    let slice = first_slice + i / (slice_parts * row_octets);
    if (panel <= last_panel && slice < slices_end) {
      store_part(0u, panel, slice, i % slice_parts);
    }
  }
}

fn clear_weights_tile(thread: u32) {
  for (var i = thread; i < tile_columns * tile_rows / 4u; i += workgroup_size) {
    weight_tile[i] = vec4<number>();
  }
  workgroupBarrier();
}

fn add_column(products: ptr<function, Products>, row_octet: u32, column: u32,
              x: ptr<function, Tokens>) {
  let at = weight_index(column, row_octet * 2u);
  let low = weight_tile[at];
  let high = weight_tile[at + 1u];
  for (var t = 0u; t < thread_tokens; t++) {
    (*products).low[t] += low * (*x)[t];
    (*products).high[t] += high * (*x)[t];
  }
}

// Adds the products of four columns, which are not a loop: compilers leave large loops as they are,
// and what they index in memory.
fn add_quad(products: ptr<function, Products>, row_octet: u32, token_group: u32, quad: u32) {
  var x0 = Tokens();
  var x1 = Tokens();
  var x2 = Tokens();
  var x3 = Tokens();
  for (var t = 0u; t < thread_tokens; t++) {
    let values = x_tile[x_index(token_of(token_group, t), quad)];
    x0[t] = values.x;
    x1[t] = values.y;
    x2[t] = values.z;
    x3[t] = values.w;
  }
  add_column(products, row_octet, quad * 4u, &x0);
  add_column(products, row_octet, quad * 4u + 1u, &x1);
  add_column(products, row_octet, quad * 4u + 2u, &x2);
  add_column(products, row_octet, quad * 4u + 3u, &x3);
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
  let row_octet = thread % row_octets;
  let token_group = thread / row_octets;
  var sums = Sums();
  var x_parts = XParts();
  read_x(&x_parts, thread, first_token, 0u);
  for (var first_column = 0u; first_column < parameters.columns; first_column += tile_columns) {
    if (first_column + tile_columns > parameters.columns) {
      clear_weights_tile(thread);
    }
    store_x(&x_parts, thread);
    load_weights_tile(thread, first_row, first_column);
    workgroupBarrier();
    read_x(&x_parts, thread, first_token, first_column + tile_columns);
    multiply(row_octet, token_group, &sums);
    workgroupBarrier();
  }
  for (var t = 0u; t < thread_tokens; t++) {
    let token = first_token + token_of(token_group, t);
    write_rows(token, first_row + row_octet * 8u, sums.low[t]);
    write_rows(token, first_row + row_octet * 8u + 4u, sums.high[t]);
  }
}
