// out[t, :] = table[ids[t], :]
// ids [tokens], table [vocabulary_size, hidden_size] or a part of its rows, out
// [tokens, hidden_size]. An id outside the vocabulary reads its nearest row. One thread a number.
#include "activations/scalar.wgsl"
#include "weights/{weight}_element.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  columns: u32,
  vocabulary_size: u32,
  first_row: u32,
  rows: u32,
  ids: u32,
  out: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> table: array<u32>;

fn weight_columns() -> u32 {
  return parameters.columns;
}

fn load_weights_word(matrix: u32, index: u32) -> u32 {
  return table[index];
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) invocation: vec3<u32>,
        @builtin(workgroup_id) workgroup: vec3<u32>) {
  let column = invocation.x;
  let token = workgroup.y;
  let id = clamp(read_i32(parameters.ids + token), 0, i32(parameters.vocabulary_size) - 1);
  let row = u32(id) - parameters.first_row;
  if (column >= parameters.columns || u32(id) < parameters.first_row || row >= parameters.rows) {
    return;
  }
  write_f32(parameters.out + token * parameters.columns + column, weight_at(0u, row, column));
}
