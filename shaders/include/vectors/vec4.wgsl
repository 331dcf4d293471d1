// All vectors of weights (norms, biases), four words at a time; offsets are multiples of 4.
@group(0) @binding(2) var<storage, read> vectors: array<vec4<f32>>;

fn read_vector_up_to_4(at: u32, count: u32) -> vec4<f32> {
  return select(vec4<f32>(), vectors[at >> 2u], count > 0u);
}
