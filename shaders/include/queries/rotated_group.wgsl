// A single token's queries and key are normed if they have norms, and rotated, here; its key and
// value are taken from the activations and written to the caches, where no workgroup reads them
// before the next dispatch.
#include "numbers/nowhere.wgsl"
#include "numbers/rotation.wgsl"
#include "vectors/caches_first.wgsl"
@group(0) @binding(2) var<storage, read_write> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read_write> value_cache: array<u32>;

const takes_new = true;
const new_key_row = heads_at_once;

fn new_value(head: u32, word: u32) -> vec2<f32> {
  let at = parameters.value + head * parameters.head_size + word * elements_per_word;
  return vec2<f32>(read_f32(at), read_f32(at + elements_per_word - 1u));
}

fn norm_row(thread: u32, row: u32, norm: u32, epsilon: f32) {
  if (norm == nowhere) {
    return;
  }
  var squares = 0.0;
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    squares += rows[row * row_size + i] * rows[row * row_size + i];
  }
  let mean = workgroup_sum(thread, squares) / f32(parameters.head_size);
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    rows[row * row_size + i] *= inverseSqrt(mean + epsilon) * vectors[norm + i];
  }
}

// Pairs of elements of all rows, as in rope.wgsl.
fn rotate_rows(thread: u32, position: i32) {
  let half = parameters.half;
  for (var i = thread; i < (new_key_row + 1u) * half; i += workgroup_size) {
    let at = i / half * row_size + i % half;
    let frequency = read_f32(parameters.frequencies + i % half);
    let turn = parameters.rope_scale * rotation(position, frequency);
    let low = rows[at];
    let high = rows[at + half];
    rows[at] = low * turn.x - high * turn.y;
    rows[at + half] = high * turn.x + low * turn.y;
  }
}

fn write_caches(thread: u32, head: u32, position: i32) {
  let head_words = parameters.head_size / elements_per_word;
  let cached = (head * parameters.context_tokens_max + u32(position)) * head_words;
  for (var word = thread; word < head_words; word += workgroup_size) {
    let at = new_key_row * row_size + word * elements_per_word;
    key_cache[cached + word] = pack_word(vec2<f32>(rows[at], rows[at + elements_per_word - 1u]));
    value_cache[cached + word] = pack_word(new_value(head, word));
  }
}

fn load_queries(thread: u32, token: u32, heads: Heads, position: i32, is_first: bool) {
  let size = parameters.head_size;
  let queries = parameters.query + (token * parameters.query_heads + heads.first) * size;
  let key = parameters.key + heads.key_value * size;
  for (var i = thread; i < (heads.count + 1u) * size; i += workgroup_size) {
    let row = i / size;
    let at = select(queries + i, key + i % size, row == heads.count);
    rows[select(row, new_key_row, row == heads.count) * row_size + i % size] = read_f32(at);
  }
  workgroupBarrier();
  for (var h = 0u; h < heads.count; h++) {
    norm_row(thread, h, parameters.query_norm, parameters.query_epsilon);
  }
  norm_row(thread, new_key_row, parameters.key_norm, parameters.key_epsilon);
  workgroupBarrier();
  rotate_rows(thread, position);
  workgroupBarrier();
  let is_inside = position >= 0 && position < i32(parameters.context_tokens_max);
  if (is_first && heads.first % parameters.group == 0u && is_inside) {
    write_caches(thread, heads.key_value, position);
  }
}
