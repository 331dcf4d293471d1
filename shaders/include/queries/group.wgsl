// Queries are ready, and all keys and values are in the caches.
@group(0) @binding(2) var<storage, read> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read> value_cache: array<u32>;

const takes_new = false;

fn load_queries(thread: u32, token: u32, heads: Heads, position: i32, is_first: bool) {
  let size = parameters.head_size;
  let first = parameters.query + (token * parameters.query_heads + heads.first) * size;
  for (var i = thread; i < heads.count * size; i += workgroup_size) {
    rows[i / size * row_size + i % size] = read_f32(first + i);
  }
  workgroupBarrier();
}

fn new_value(head: u32, word: u32) -> vec2<f32> {
  return vec2<f32>();
}
