// A KV cache of f16: two neighbouring elements a word.
const elements_per_word = 2u;

fn unpack_word(word: u32) -> vec2<f32> {
  return unpack2x16float(word);
}

fn pack_word(elements: vec2<f32>) -> u32 {
  return pack2x16float(clamp(elements, vec2<f32>(-65504.0), vec2<f32>(65504.0)));
}
