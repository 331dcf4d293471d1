// Slices of 4-bit weights: of the quants of a block, eight vec4s, each holds 4 rows x 8 columns,
// low nibbles columns 4 * chunk + 0..3, high nibbles columns 16 + 4 * chunk + 0..3. A format adds
// nibble_zero and, of a block that is counted in units of its own, block_units,
// scales_at(matrix, block), quants_at(matrix, block, i) and offsets_of(matrix, block). {products}
// is their arithmetic: quants_dot(matrix, block, slice, x).
#include "weights/rows.wgsl"
#include "weights/nibbles_dot_{products}.wgsl"
const slice_quads = 2u;

fn slice_count(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 4u;
}

fn slice_column(slice: u32, quad: u32) -> u32 {
  return (slice >> 2u) * 32u + quad * 16u + (slice & 3u) * 4u;
}

fn block_of(panel: u32, group: u32) -> u32 {
  return (panel * ((weight_columns() + 31u) / 32u) + group) * block_units;
}

// The nibble under the mask of each word, times the mask's lowest bit, less the zero point.
fn nibbles(words: vec4<u32>, mask: u32, unit: f32) -> vec4<f32> {
  return bitcast<vec4<f32>>((words & vec4<u32>(mask)) | vec4<u32>(float_of_bits)) -
         (float_of_bits_value + nibble_zero * unit);
}
