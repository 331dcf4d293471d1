// The first of two dispatches that choose a token (ops/sample.h): of each chunk of logits
// [1, vocabulary_size] the highest one and the sums that the second needs. One workgroup a chunk.
#include "activations/scalar.wgsl"
#include "sampling/logits.wgsl"
#include "reduction/best.wgsl"
#include "reduction/{reduction}.wgsl"

override workgroup_size: u32 = 256u;

var<workgroup> shared_request: Request;

@compute @workgroup_size(workgroup_size)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  if (thread == 0u) {
    shared_request = read_request();
  }
  let request = workgroupUniformLoad(&shared_request);
  let begin = workgroup.x * parameters.chunk_size;
  let end = min(begin + parameters.chunk_size, parameters.vocabulary_size);
  let reports = request.logprobs >= 0;

  var own = Best(lowest, 0xffffffffu);
  var own_raw = own;
  for (var id = begin + thread; id < end; id += workgroup_size) {
    own = better(own, Best(penalized_logit(id, request.penalty), id));
    own_raw = better(own_raw, Best(raw_logit(id), id));
  }
  let best = workgroup_best(thread, own);
  var best_raw = best;
  if (reports) {
    best_raw = workgroup_best(thread, own_raw);
  }
  var sum = 0.0;
  var raw_sum = 0.0;
  if (request.temperature > 0.0 || reports) {
    for (var id = begin + thread; id < end; id += workgroup_size) {
      sum += weight_of(penalized_logit(id, request.penalty), best.value,
                       max(request.temperature, 1e-30));
      raw_sum += exp(max(raw_logit(id) - best_raw.value, -100.0));
    }
    sum = workgroup_sum(thread, sum);
    raw_sum = workgroup_sum(thread, raw_sum);
  }
  if (thread == 0u) {
    let at = parameters.partials + workgroup.x * partial_words;
    write_f32(at, best.value);
    activations[at + 1u] = best.id;
    write_f32(at + 2u, sum);
    write_f32(at + 3u, best_raw.value);
    activations[at + 4u] = best_raw.id;
    write_f32(at + 5u, raw_sum);
  }
}
