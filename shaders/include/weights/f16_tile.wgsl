// Slices of f16 into a tile.
#include "weights/f16.wgsl"
const slice_parts = 2u;

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  let row = panel * 8u + part * 4u;
  let a = row_words(matrix, row, slice);
  let b = row_words(matrix, row + 1u, slice);
  let c = row_words(matrix, row + 2u, slice);
  let d = row_words(matrix, row + 3u, slice);
  for (var pair = 0u; pair < 4u; pair++) {
    let a2 = unpack2x16float(a[pair]);
    let b2 = unpack2x16float(b[pair]);
    let c2 = unpack2x16float(c[pair]);
    let d2 = unpack2x16float(d[pair]);
    let column = slice * 8u + pair * 2u;
    store_rows(panel, column, part, vec4<f32>(a2.x, b2.x, c2.x, d2.x));
    store_rows(panel, column + 1u, part, vec4<f32>(a2.y, b2.y, c2.y, d2.y));
  }
}
