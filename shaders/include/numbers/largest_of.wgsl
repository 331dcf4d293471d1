// The largest magnitude of four numbers.
fn largest_of(values: vec4<f32>) -> f32 {
  let pair = max(abs(values.xy), abs(values.zw));
  return max(pair.x, pair.y);
}
