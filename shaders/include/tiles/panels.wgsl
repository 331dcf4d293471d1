// A workgroup's tile: sums_count neighbouring panels, first all of matrix 0, then all of matrix 1,
// and so on. Panels past a matrix's end have no rows to write.
const tile_rows = sums_count * 8u;

struct Tile {
  matrix: u32,  // matrix_count where there is no such tile
  panel: u32,   // the first
}

fn tile_of(index: u32) -> Tile {
  var rest = index;
  for (var matrix = 0u; matrix < matrix_count; matrix++) {
    let tiles = (parameters.matrices[matrix].rows + tile_rows - 1u) / tile_rows;
    if (rest < tiles) {
      return Tile(matrix, rest * sums_count);
    }
    rest -= tiles;
  }
  return Tile(matrix_count, 0u);
}

fn tile_matrix(tile: Tile, i: u32) -> u32 {
  return tile.matrix;
}

fn tile_panel(tile: Tile, i: u32) -> u32 {
  return tile.panel + i;
}

// Writes four rows of the panel.
fn write_tile(tile: Tile, token: u32, i: u32, half_panel: u32, sums: vec4<f32>) {
  let matrix = parameters.matrices[tile.matrix];
  let row = (tile.panel + i) * 8u + half_panel * 4u;
  let count = min(4u, max(matrix.rows, row) - row);
  var values = sums;
  if (matrix.bias != nowhere) {
    values += read_vector_up_to_4(matrix.bias + row, count);
  }
  let at = token * matrix.stride + row;
  if (parameters.residual != nowhere) {
    values += read_up_to_4(parameters.residual + at, count);
  }
  write_up_to_4(matrix.out + at, count, values);
}
