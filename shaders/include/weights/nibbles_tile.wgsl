// Slices of 4-bit weights into a tile: a part is 4 rows.
const slice_parts = 2u;

fn store_quad(panel: u32, slice: u32, quad: u32, words: vec4<u32>, scales: vec4<f32>,
              offsets: vec4<f32>) {
  let upper = words >> vec4<u32>(16u);
  let low = slice_column(slice, 0u);
  let high = slice_column(slice, 1u);
  let by_16 = scales / 16.0;
  let by_256 = scales / 256.0;
  let by_4096 = scales / 4096.0;
  store_rows(panel, low, quad, nibbles(words, 0xfu, 1.0) * scales + offsets);
  store_rows(panel, low + 1u, quad, nibbles(words, 0xf00u, 256.0) * by_256 + offsets);
  store_rows(panel, low + 2u, quad, nibbles(upper, 0xfu, 1.0) * scales + offsets);
  store_rows(panel, low + 3u, quad, nibbles(upper, 0xf00u, 256.0) * by_256 + offsets);
  store_rows(panel, high, quad, nibbles(words, 0xf0u, 16.0) * by_16 + offsets);
  store_rows(panel, high + 1u, quad, nibbles(words, 0xf000u, 4096.0) * by_4096 + offsets);
  store_rows(panel, high + 2u, quad, nibbles(upper, 0xf0u, 16.0) * by_16 + offsets);
  store_rows(panel, high + 3u, quad, nibbles(upper, 0xf000u, 4096.0) * by_4096 + offsets);
}

fn half_of(rows: Rows, part: u32) -> vec4<f32> {
  return select(rows.low, rows.high, part == 1u);
}

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  let block = block_of(panel, slice >> 2u);
  let words = quants_at(matrix, block, (slice & 3u) * 2u + part);
  store_quad(panel, slice, part, words, half_of(scales_at(matrix, block), part),
             half_of(offsets_of(matrix, block), part));
}
