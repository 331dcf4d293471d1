// All vectors of weights (norms, biases, frequencies); a tensor is an offset in words.
@group(0) @binding(2) var<storage, read> vectors: array<f32>;

fn read_vector_up_to_4(at: u32, count: u32) -> vec4<f32> {
  var values = vec4<f32>();
  if (count > 0u) { values.x = vectors[at]; }
  if (count > 1u) { values.y = vectors[at + 1u]; }
  if (count > 2u) { values.z = vectors[at + 2u]; }
  if (count > 3u) { values.w = vectors[at + 3u]; }
  return values;
}
