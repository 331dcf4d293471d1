// How rope_kv_write.wgsl writes caches of floats.
@group(0) @binding(3) var<storage, read_write> key_cache: array<u32>;
@group(0) @binding(4) var<storage, read_write> value_cache: array<u32>;

fn write_query(thread: u32, at: u32, head: u32, position: i32) {
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

fn write_row(thread: u32, is_key: bool, head: u32, position: i32, is_inside: bool) {
  let head_words = parameters.head_size / elements_per_word;
  let cached = (head * parameters.context_tokens_max + u32(position)) * head_words;
  for (var word = thread; is_inside && word < head_words; word += workgroup_size) {
    if (is_key) {
      key_cache[cached + word] = key_word(word, position);
    } else {
      value_cache[cached + word] = value_word(word);
    }
  }
}
