// In one dispatch: query and key heads normed if they have norms, then rotated as in rope.wgsl;
// keys and values written to the caches as in kv_write.wgsl.
// query [tokens, query_heads, head_size], key and value [tokens, key_value_heads, head_size]. One
// workgroup a head of query, key or value and a token; head_size <= 256.
#include "activations/scalar.wgsl"
#include "vectors/scalar.wgsl"
#include "reduction/{reduction}.wgsl"
#include "numbers/rotated_row.wgsl"
#include "caches/{cache}.wgsl"

override workgroup_size: u32 = 64u;

struct Parameters {
  query_heads: u32,
  key_value_heads: u32,
  head_size: u32,
  half: u32,
  context_tokens_max: u32,
  query: u32,
  key: u32,
  value: u32,
  positions: u32,
  frequencies: u32,
  query_norm: u32,  // or nowhere
  key_norm: u32,    // or nowhere
  query_epsilon: f32,
  key_epsilon: f32,
  rope_scale: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(3) var<storage, read_write> key_cache: array<u32>;
@group(0) @binding(4) var<storage, read_write> value_cache: array<u32>;

fn write_query(thread: u32, at: u32, position: i32) {
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    write_f32(at + i, rotated(i, position));
  }
}

fn key_word(word: u32, position: i32) -> u32 {
  var elements = vec2<f32>(rotated(word * elements_per_word, position), 0.0);
  if (elements_per_word == 2u) {
    elements.y = rotated(word * 2u + 1u, position);
  }
  return pack_word(elements);
}

fn value_word(word: u32) -> u32 {
  return pack_word(vec2<f32>(row[word * elements_per_word],
                             row[word * elements_per_word + elements_per_word - 1u]));
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let token = workgroup.y;
  let position = read_i32(parameters.positions + token);
  if (workgroup.x < parameters.query_heads) {
    let query_row = token * parameters.query_heads + workgroup.x;
    let at = parameters.query + query_row * parameters.head_size;
    load_row(thread, at, parameters.query_norm, parameters.query_epsilon);
    write_query(thread, at, position);
    return;
  }
  let index = workgroup.x - parameters.query_heads;
  let is_key = index < parameters.key_value_heads;
  let head = select(index - parameters.key_value_heads, index, is_key);
  let at = select(parameters.value, parameters.key, is_key) +
           (token * parameters.key_value_heads + head) * parameters.head_size;
  load_row(thread, at, select(nowhere, parameters.key_norm, is_key), parameters.key_epsilon);
  if (position < 0 || position >= i32(parameters.context_tokens_max)) {
    return;
  }
  let head_words = parameters.head_size / elements_per_word;
  let cached = (head * parameters.context_tokens_max + u32(position)) * head_words;
  for (var word = thread; word < head_words; word += workgroup_size) {
    if (is_key) {
      key_cache[cached + word] = key_word(word, position);
    } else {
      value_cache[cached + word] = value_word(word);
    }
  }
}
