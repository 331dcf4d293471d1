// Slices of q2 and q3 into a tile: a slice is 8 rows x 4 columns, so that many threads share them.
// A format adds third_words(matrix, block, quad): the third bits as low_words has the first.
#include "weights/low_bits.wgsl"
const slice_parts = 1u;
const slice_quads = 1u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 8u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 4u;
}

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  let block = block_of(panel, slice >> 3u);
  let quad = slice & 7u;
  let lines = lines_at(matrix, block);
  let scales = Rows(scales_of(lines.x), scales_of(lines.y));
  let zeros = zeros_of(lines);
  let offsets = Rows(-zeros.low * scales.low, -zeros.high * scales.high);
  let low = low_words(matrix, block, quad & 3u);
  let third = third_words(matrix, block, quad);
  for (var j = 0u; j < 4u; j++) {
    let bit = vec4<u32>(j + (quad & 4u));
    let codes = ((low >> bit) & vec4<u32>(0x00010001u)) |
                ((low >> (bit + 7u)) & vec4<u32>(0x00020002u)) |
                (((third >> bit) & vec4<u32>(0x00010001u)) << vec4<u32>(2u));
    let weights = rows_of(quants(codes, 0x7u), quants(codes >> vec4<u32>(16u), 0x7u));
    let column = slice * 4u + j;
    store_rows(panel, column, 0u, weights.low * scales.low + offsets.low);
    store_rows(panel, column, 1u, weights.high * scales.high + offsets.high);
  }
}
