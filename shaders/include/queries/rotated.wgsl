// A single token's query and key are normed if they have norms, and rotated, here; its key and
// value are taken from the activations and written to the caches, where no workgroup reads them
// before the next dispatch.
#include "vectors/caches_first.wgsl"
#include "numbers/rotated_row.wgsl"
@group(0) @binding(2) var<storage, read_write> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read_write> value_cache: array<u32>;

const takes_new = true;

var<workgroup> key_row: array<f32, 256>;

fn value_at(head: u32) -> u32 {
  return parameters.value + head / parameters.group * parameters.head_size;
}

fn new_value(head: u32, word: u32) -> vec2<f32> {
  let at = value_at(head) + word * elements_per_word;
  return vec2<f32>(read_f32(at), read_f32(at + elements_per_word - 1u));
}

fn new_product(thread: u32) -> f32 {
  var sum = 0.0;
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    sum += query_row[i] * key_row[i];
  }
  return sum;
}

fn write_caches(thread: u32, head: u32, position: i32) {
  let head_words = parameters.head_size / elements_per_word;
  let cached_head = head / parameters.group * parameters.context_tokens_max;
  let cached = (cached_head + u32(position)) * head_words;
  for (var word = thread; word < head_words; word += workgroup_size) {
    let element = word * elements_per_word;
    key_cache[cached + word] =
        pack_word(vec2<f32>(key_row[element], key_row[element + elements_per_word - 1u]));
    value_cache[cached + word] = pack_word(new_value(head, word));
  }
}

fn load_query(thread: u32, query: u32, head: u32, position: i32, is_first: bool) {
  let head_size = parameters.head_size;
  load_row(thread, parameters.query + query * head_size, parameters.query_norm,
           parameters.query_epsilon);
  for (var i = thread; i < head_size; i += workgroup_size) {
    query_row[i] = rotated(i, position);
  }
  workgroupBarrier();
  load_row(thread, parameters.key + head / parameters.group * head_size, parameters.key_norm,
           parameters.key_epsilon);
  for (var i = thread; i < head_size; i += workgroup_size) {
    key_row[i] = rotated(i, position);
  }
  workgroupBarrier();
  let is_inside = position >= 0 && position < i32(parameters.context_tokens_max);
  if (is_first && head % parameters.group == 0u && is_inside) {
    write_caches(thread, head, position);
  }
}
