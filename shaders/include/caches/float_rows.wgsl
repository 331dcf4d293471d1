// What attention_split.wgsl needs of the rows of caches of floats: a unit is a word.
alias Elements = vec2<f32>;
const units_per_thread_max = 4u;

fn value_units() -> u32 {
  return parameters.head_size / elements_per_word;
}

fn prepare_query(thread: u32) {
}

fn score(row: u32) -> f32 {
  let head_words = parameters.head_size / elements_per_word;
  var sum = 0.0;
  for (var word = 0u; word < head_words; word++) {
    let elements = unpack_word(key_cache[row * head_words + word]);
    sum += query_row[word * elements_per_word] * elements.x;
    if (elements_per_word == 2u) {
      sum += query_row[word * 2u + 1u] * elements.y;
    }
  }
  return sum * parameters.scale;
}

// What a row's elements are multiplied with.
fn value_scale(row: u32) -> f32 {
  return 1.0;
}

fn value_elements(row: u32, unit: u32) -> Elements {
  return unpack_word(value_cache[row * value_units() + unit]);
}

fn write_elements(at: u32, unit: u32, elements: Elements) {
  write_f32(at + unit * elements_per_word, elements.x);
  if (elements_per_word == 2u) {
    write_f32(at + unit * 2u + 1u, elements.y);
  }
}
