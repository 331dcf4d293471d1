// Queries are ready, and all keys and values are in the caches.
@group(0) @binding(2) var<storage, read> key_cache: array<u32>;
@group(0) @binding(3) var<storage, read> value_cache: array<u32>;

const takes_new = false;

fn load_query(thread: u32, query: u32, head: u32, position: i32, is_first: bool) {
  for (var i = thread; i < parameters.head_size; i += workgroup_size) {
    query_row[i] = read_f32(parameters.query + query * parameters.head_size + i);
  }
  workgroupBarrier();
}

fn new_product(thread: u32) -> f32 {
  return 0.0;
}

fn new_value(head: u32, unit: u32) -> Elements {
  return Elements();
}
