// A KV cache of f32: an element a word.
const elements_per_word = 1u;

fn unpack_word(word: u32) -> vec2<f32> {
  return vec2<f32>(bitcast<f32>(word), 0.0);
}

fn pack_word(elements: vec2<f32>) -> u32 {
  return bitcast<u32>(elements.x);
}
