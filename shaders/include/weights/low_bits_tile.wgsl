// Slices of q2 and q3 into a tile: a slice is 8 rows x 4 columns, so that many threads share them.
// A format adds quant_bytes(matrix, block, quad, half_panel): the quants of 4 rows, column
// 4 * quad + j in byte j.
#include "weights/low_bits.wgsl"
const slice_quads = 1u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 8u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return slice * 4u;
}

fn store_half_slice(panel: u32, column: u32, half_panel: u32, bytes: vec4<u32>, scales: vec4<f32>,
                    zeros: vec4<f32>) {
  let upper = bytes >> vec4<u32>(16u);
  let offsets = -zeros * scales;
  let by_256 = scales / 256.0;
  store_rows(panel, column, half_panel, quants(bytes, 0xffu) * scales + offsets);
  store_rows(panel, column + 1u, half_panel, quants(bytes, 0xff00u) * by_256 + offsets);
  store_rows(panel, column + 2u, half_panel, quants(upper, 0xffu) * scales + offsets);
  store_rows(panel, column + 3u, half_panel, quants(upper, 0xff00u) * by_256 + offsets);
}

fn store_slice(matrix: u32, panel: u32, slice: u32) {
  let block = block_of(panel, slice >> 3u);
  let quad = slice & 7u;
  let lines = load_weights(matrix, block);
  store_half_slice(panel, slice * 4u, 0u, quant_bytes(matrix, block, quad, 0u), scales_of(lines.x),
                   zeros_of(lines.z));
  store_half_slice(panel, slice * 4u, 1u, quant_bytes(matrix, block, quad, 1u), scales_of(lines.y),
                   zeros_of(lines.w));
}
