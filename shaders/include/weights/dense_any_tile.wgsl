// Slices of row-major weights with any number of columns into a tile.
const slice_parts = 1u;

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  for (var j = 0u; j < 4u; j++) {
    let column = slice * 4u + j;
    store_rows(panel, column, 0u, column_quad(matrix, panel * 8u, column));
    store_rows(panel, column, 1u, column_quad(matrix, panel * 8u + 4u, column));
  }
}
