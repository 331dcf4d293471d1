// All activations, four words at a time; offsets, in words, are multiples of 4.
@group(0) @binding(1) var<storage, read_write> activations: array<vec4<u32>>;

fn read_f32(at: u32) -> f32 {
  return bitcast<f32>(activations[at >> 2u][at & 3u]);
}

// All four or none: a count is a multiple of 4 here. Without a branch, so that loads overlap.
fn read_up_to_4(at: u32, count: u32) -> vec4<f32> {
  return select(vec4<f32>(), bitcast<vec4<f32>>(activations[at >> 2u]), count > 0u);
}

fn write_up_to_4(at: u32, count: u32, values: vec4<f32>) {
  if (count > 0u) {
    activations[at >> 2u] = bitcast<vec4<u32>>(values);
  }
}
