// key_cache[h, positions[t], :] = key[t, h, :], and the same for values
// key and value [tokens, key_value_heads, head_size], caches
// [key_value_heads, context_tokens_max, head_size]. A position outside the cache writes nothing.
// One thread a word of each cache.
#include "activations/scalar.wgsl"
#include "caches/{cache}.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  heads: u32,
  head_words: u32,
  context_tokens_max: u32,
  key: u32,
  value: u32,
  positions: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read_write> value_cache: array<u32>;

fn word_at(at: u32) -> u32 {
  var elements = vec2<f32>(read_f32(at), 0.0);
  if (elements_per_word == 2u) {
    elements.y = read_f32(at + 1u);
  }
  return pack_word(elements);
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(global_invocation_id) invocation: vec3<u32>,
        @builtin(workgroup_id) workgroup: vec3<u32>) {
  let token = workgroup.y;
  let head = invocation.x / parameters.head_words;
  let word = invocation.x % parameters.head_words;
  let position = read_i32(parameters.positions + token);
  if (head >= parameters.heads || position < 0 ||
      position >= i32(parameters.context_tokens_max)) {
    return;
  }
  let row = (token * parameters.heads + head) * parameters.head_words + word;
  let cached = (head * parameters.context_tokens_max + u32(position)) * parameters.head_words;
  key_cache[cached + word] = word_at(parameters.key + row * elements_per_word);
  value_cache[cached + word] = word_at(parameters.value + row * elements_per_word);
}
