// A workgroup's tile: one panel of matrix 0, the gate, and the same of matrix 1; what is written
// is activation(gate) * up.
#include "numbers/activation_function.wgsl"
const sums_count = 2u;

struct Tile {
  matrix: u32,  // matrix_count where there is no such tile
  panel: u32,
}

var<private> gate: vec4<f32>;

fn tile_of(index: u32) -> Tile {
  return Tile(select(0u, matrix_count, index * 8u >= parameters.matrices[0].rows), index);
}

fn tile_matrix(tile: Tile, i: u32) -> u32 {
  return i;
}

fn tile_panel(tile: Tile, i: u32) -> u32 {
  return tile.panel;
}

// Keeps the gate of four rows; with the same rows' up, writes them. One thread has both.
fn write_tile(tile: Tile, token: u32, i: u32, half_panel: u32, sums: vec4<f32>) {
  let matrix = parameters.matrices[i];
  let row = tile.panel * 8u + half_panel * 4u;
  let count = min(4u, max(matrix.rows, row) - row);
  var values = sums;
  if (matrix.bias != nowhere) {
    values += read_vector_up_to_4(matrix.bias + row, count);
  }
  if (i == 0u) {
    gate = activate_4(parameters.activation, values);
    return;
  }
  write_up_to_4(matrix.out + token * matrix.stride + row, count, gate * values);
}
