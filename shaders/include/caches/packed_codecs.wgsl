// Codecs of packed KV caches (ops/kv_codec.h): matrices of f16, two numbers a word.
fn codec_size(head_size: u32) -> u32 {
  return (2u * head_size + 2u) * head_size;
}

fn mean_at(head_size: u32, head: u32) -> u32 {
  return head * codec_size(head_size) + 2u * head_size * head_size;
}

fn half_of(word: u32, index: u32) -> f32 {
  return unpack2x16float(word)[index & 1u];
}
