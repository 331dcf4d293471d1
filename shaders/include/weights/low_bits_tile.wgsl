// Slices of q2 and q3 into a tile: a slice is 8 rows x 8 columns, a part is 4 rows.
const slice_parts = 2u;
const slice_quads = 2u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 4u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 8u + quad * 4u;
}

// Quants in units of the lowest bit of their bytes; scales are of that unit.
fn store_quad(panel: u32, column: u32, part: u32, words: vec4<u32>, scales: vec4<f32>,
              offsets: vec4<f32>) {
  let upper = words >> vec4<u32>(16u);
  let by_256 = scales / 256.0;
  store_rows(panel, column, part, quants(words, 0xffu) * scales + offsets);
  store_rows(panel, column + 1u, part, quants(words, 0xff00u) * by_256 + offsets);
  store_rows(panel, column + 2u, part, quants(upper, 0xffu) * scales + offsets);
  store_rows(panel, column + 3u, part, quants(upper, 0xff00u) * by_256 + offsets);
}

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  let block = block_of(panel, slice >> 2u);
  let lines = lines_at(matrix, block);
  let scales = scales_of(select(lines.x, lines.y, part == 1u));
  let offsets = -zeros_of(select(lines.z, lines.w, part == 1u)) * scales;
  let i = (slice & 2u) + part;
  let second = slice & 1u;
  let octets = octets_of(codes_at(matrix, block, i) >> vec4<u32>(4u * second),
                         third_at(matrix, block, i) << vec4<u32>(2u - second));
  store_quad(panel, slice * 8u, part, octets.near, scales, offsets);
  store_quad(panel, slice * 8u + 4u, part, octets.far, scales / 4.0, offsets);
}
