// What scores get back of the mean of keys that turns: for every pair a factor of its cosine, then
// for every pair a factor of its sine.
//   factor of the cosine = q_i m_i + q_j m_j, of the sine = q_j m_i - q_i m_j, j = i + turn_pairs
// `query` and `mean` are numbers i and j.
fn query_factors(query: vec2<f32>, mean: vec2<f32>) -> vec2<f32> {
  return vec2<f32>(dot(query, mean), query.y * mean.x - query.x * mean.y);
}
