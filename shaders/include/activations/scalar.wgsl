// All activations as words; a tensor is an offset in words, of any alignment.
@group(0) @binding(1) var<storage, read_write> activations: array<u32>;

fn read_f32(at: u32) -> f32 {
  return bitcast<f32>(activations[at]);
}

fn read_i32(at: u32) -> i32 {
  return bitcast<i32>(activations[at]);
}

fn write_f32(at: u32, value: f32) {
  activations[at] = bitcast<u32>(value);
}

// The first `count` of four neighbours; zero for the others.
fn read_up_to_4(at: u32, count: u32) -> vec4<f32> {
  var values = vec4<f32>();
  if (count > 0u) { values.x = read_f32(at); }
  if (count > 1u) { values.y = read_f32(at + 1u); }
  if (count > 2u) { values.z = read_f32(at + 2u); }
  if (count > 3u) { values.w = read_f32(at + 3u); }
  return values;
}

fn write_up_to_4(at: u32, count: u32, values: vec4<f32>) {
  if (count > 0u) { write_f32(at, values.x); }
  if (count > 1u) { write_f32(at + 1u, values.y); }
  if (count > 2u) { write_f32(at + 2u, values.z); }
  if (count > 3u) { write_f32(at + 3u, values.w); }
}
