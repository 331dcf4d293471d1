// In one dispatch: query and key heads normed if they have norms, then rotated as in rope.wgsl;
// keys and values written to the caches as in kv_write.wgsl.
// query [tokens, query_heads, head_size], key and value [tokens, key_value_heads, head_size]. One
// workgroup a head of query, key or value and a token; head_size <= 256.
#include "activations/scalar.wgsl"
#include "vectors/scalar.wgsl"
#include "reduction/{reduction}.wgsl"
#include "numbers/rotated_row.wgsl"
#include "caches/{cache}.wgsl"
#include "caches/{rows}_writer.wgsl"

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
  // For caches/packed_writer.wgsl:
  turns_query: u32,  // 1: into coordinates of keys
  key_runs: u32,
  key_run_count: u32,
  value_runs: u32,
  value_run_count: u32,
  turns: u32,
  turn_pairs: u32,
  turn_columns: u32,
  factors: u32,  // where a query's factors go
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let token = workgroup.y;
  let position = read_i32(parameters.positions + token);
  if (workgroup.x < parameters.query_heads) {
    let query_row = token * parameters.query_heads + workgroup.x;
    let at = parameters.query + query_row * parameters.head_size;
    load_row(thread, at, parameters.query_norm, parameters.query_epsilon);
    write_query(thread, at, workgroup.x, position);
    return;
  }
  let index = workgroup.x - parameters.query_heads;
  let is_key = index < parameters.key_value_heads;
  let head = select(index - parameters.key_value_heads, index, is_key);
  let at = select(parameters.value, parameters.key, is_key) +
           (token * parameters.key_value_heads + head) * parameters.head_size;
  load_row(thread, at, select(nowhere, parameters.key_norm, is_key), parameters.key_epsilon);
  let is_inside = position >= 0 && position < i32(parameters.context_tokens_max);
  write_row(thread, is_key, head, position, is_inside);
}
