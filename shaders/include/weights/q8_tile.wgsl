// Slices of q8 into a tile.
#include "weights/q8.wgsl"
const slice_parts = 1u;

fn store_half_slice(panel: u32, column: u32, quad: u32, signed_words: vec4<u32>,
                    scales: vec4<f32>) {
  let words = signed_words ^ vec4<u32>(0x80808080u);
  let upper = words >> vec4<u32>(16u);
  store_rows(panel, column, quad, quants_0(words) * scales);
  store_rows(panel, column + 1u, quad, quants_1(words) * (scales / 256.0));
  store_rows(panel, column + 2u, quad, quants_0(upper) * scales);
  store_rows(panel, column + 3u, quad, quants_1(upper) * (scales / 256.0));
}

fn store_part(matrix: u32, panel: u32, slice: u32, part: u32) {
  let block = block_of(panel, slice >> 3u);
  let scales = load_weights(matrix, block);
  let at = block + 1u + (slice & 7u) * 2u;
  store_half_slice(panel, slice * 4u, 0u, load_weights(matrix, at),
                   vec4<f32>(unpack2x16float(scales.x), unpack2x16float(scales.y)));
  store_half_slice(panel, slice * 4u, 1u, load_weights(matrix, at + 1u),
                   vec4<f32>(unpack2x16float(scales.z), unpack2x16float(scales.w)));
}
