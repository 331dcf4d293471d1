// Slices of f32 into a tile.
#include "weights/f32.wgsl"
const slice_parts = 1u;

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  for (var quad = 0u; quad < 2u; quad++) {
    let row = panel * 8u + quad * 4u;
    let weights = transpose(mat4x4<f32>(
        row_quad(matrix, row, slice), row_quad(matrix, row + 1u, slice),
        row_quad(matrix, row + 2u, slice), row_quad(matrix, row + 3u, slice)));
    for (var j = 0u; j < 4u; j++) {
      store_rows(panel, slice * 4u + j, quad, weights[j]);
    }
  }
}
