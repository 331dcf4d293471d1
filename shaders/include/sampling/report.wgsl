// The report on a choice: log probabilities by the logits before any change.
const alternatives_max = 20u;

var<workgroup> chunk_bests: array<Best, chunk_count>;
var<workgroup> shared_best: Best;

// The best logit of a chunk that comes after `last` in order.
fn next_best(thread: u32, chunk: u32, last: Best) -> Best {
  let begin = chunk * parameters.chunk_size;
  let end = min(begin + parameters.chunk_size, parameters.vocabulary_size);
  var own = Best(lowest, 0xffffffffu);
  for (var id = begin + thread; id < end; id += workgroup_size) {
    let candidate = Best(raw_logit(id), id);
    let is_after = candidate.value < last.value ||
                   (candidate.value == last.value && candidate.id > last.id);
    if (is_after) {
      own = better(own, candidate);
    }
  }
  return workgroup_best(thread, own);
}

fn report(thread: u32, token: u32, alternatives: u32) {
  var own = Best(lowest, 0xffffffffu);
  let partial = parameters.partials + thread * partial_words;
  if (thread < chunk_count) {
    own = Best(read_f32(partial + 3u), activations[partial + 4u]);
    chunk_bests[thread] = own;
  }
  let highest = workgroup_best(thread, own).value;
  var own_sum = 0.0;
  if (thread < chunk_count) {
    own_sum = read_f32(partial + 5u) * exp(max(own.value - highest, -100.0));
  }
  let normalizer = highest + log(workgroup_sum(thread, own_sum));
  if (thread == 0u) {
    write_f32(parameters.report + 1u, raw_logit(token) - normalizer);
  }
  for (var i = 0u; i < min(alternatives, parameters.vocabulary_size); i++) {
    var mine = Best(lowest, 0xffffffffu);
    if (thread < chunk_count) {
      mine = chunk_bests[thread];
    }
    let found = workgroup_best(thread, mine);
    if (thread == 0u) {
      shared_best = found;
      activations[parameters.report + 2u + 2u * i] = found.id;
      write_f32(parameters.report + 3u + 2u * i, found.value - normalizer);
    }
    let taken = workgroupUniformLoad(&shared_best);
    let chunk = min(taken.id / parameters.chunk_size, chunk_count - 1u);
    let next = next_best(thread, chunk, taken);
    if (thread == 0u) {
      chunk_bests[chunk] = next;
    }
    workgroupBarrier();
  }
}
