// The second of two dispatches that choose a token (ops/sample.h), after sample_chunks.wgsl: one
// workgroup. The highest logit and plain temperature need the chunks' partial results alone. For
// top_k, top_p and min_p the tokens near the highest logit are listed as candidates, as far down as
// it takes, and selected from by histograms of their keys.
#include "activations/scalar.wgsl"
#include "sampling/logits.wgsl"
#include "reduction/best.wgsl"
#include "reduction/workgroup.wgsl"
#include "sampling/radix_select.wgsl"
#include "sampling/draw.wgsl"
#include "sampling/report.wgsl"

override workgroup_size: u32 = 256u;

var<workgroup> shared_request: Request;
var<workgroup> candidate_count: atomic<u32>;
var<workgroup> shared_count: u32;
var<workgroup> shared_highest: f32;

struct Candidate {
  id: u32,
  key: u32,
  amount: u32,  // its weight, in parts of fixed_one
}

fn amount_of(weight: f32) -> u32 {
  return u32(weight * fixed_one);
}

fn candidate_at(index: u32) -> Candidate {
  let id = activations[parameters.candidates + index];
  let logit = penalized_logit(id, shared_request.penalty);
  let weight = weight_of(logit, shared_highest, shared_request.temperature);
  return Candidate(id, key_of(logit), amount_of(weight));
}

// Lists the tokens at most `reach` temperatures below the highest; returns how many they are.
fn list_candidates(thread: u32, reach: f32) -> u32 {
  if (thread == 0u) {
    atomicStore(&candidate_count, 0u);
  }
  workgroupBarrier();
  for (var id = thread; id < parameters.vocabulary_size; id += workgroup_size) {
    let logit = penalized_logit(id, shared_request.penalty);
    if ((logit - shared_highest) / shared_request.temperature >= -reach) {
      activations[parameters.candidates + atomicAdd(&candidate_count, 1u)] = id;
    }
  }
  storageBarrier();
  workgroupBarrier();
  if (thread == 0u) {
    shared_count = atomicLoad(&candidate_count);
  }
  return workgroupUniformLoad(&shared_count);
}

// The sum of the candidates' weights within the cut, in parts of fixed_one.
fn kept_amount(thread: u32, count: u32, cut: Cut) -> f32 {
  clear_bins(thread);
  for (var i = thread; i < count; i += workgroup_size) {
    let candidate = candidate_at(i);
    if (keeps(cut, candidate.key, candidate.id)) {
      add_to_bin(candidate.id & 0xffu, candidate.amount);
    }
  }
  workgroupBarrier();
  var sum = 0.0;
  for (var bin = thread; bin < bin_count; bin += workgroup_size) {
    sum += bin_amount(bin);
  }
  return workgroup_sum(thread, sum);
}

// The cut that lets as many of the selected key pass, in order of id, as the target takes.
fn cut_at(thread: u32, count: u32, selected: Selected, one: f32) -> Cut {
  let all = Cut(selected.key, 0xffffffffu);
  let wanted = max(1.0, ceil(selected.rest / one));
  if (wanted * one >= selected.amount) {
    return all;
  }
  let last = radix_select(thread, count, all, true, false, wanted);
  return Cut(selected.key, ~last.key + 1u);
}

fn logit_of_key(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key >> 31u) == 1u));
}

// What top_k and then top_p leave of the candidates.
fn select_kept(thread: u32, count: u32, request: Request, total: f32, highest: f32) -> Cut {
  var cut = Cut(0u, 0xffffffffu);
  var sum = total * fixed_one;
  if (has_top_k(request)) {
    if (u32(request.top_k) < count) {
      let selected = radix_select(thread, count, cut, false, false, f32(request.top_k));
      cut = cut_at(thread, count, selected, 1.0);
    }
    sum = kept_amount(thread, count, cut);
  }
  if (request.top_p < 1.0) {
    let selected = radix_select(thread, count, cut, false, true, request.top_p * sum);
    let weight = weight_of(logit_of_key(selected.key), highest, request.temperature);
    let found = cut_at(thread, count, selected, max(1.0, f32(amount_of(weight))));
    // Of top_k's own last key no more than that left.
    if (found.key != cut.key || found.id_end < cut.id_end) {
      cut = found;
    }
  }
  return cut;
}

fn has_top_k(request: Request) -> bool {
  return request.top_k > 0 && u32(request.top_k) < parameters.vocabulary_size;
}

// Whether candidates as far down as `reach` hold all that can be kept.
fn reaches(request: Request, reach: f32, count: u32, amount: f32, total: f32) -> bool {
  if (reach >= -scaled_min) {
    return true;
  }
  if (has_top_k(request)) {
    return count >= u32(request.top_k);
  }
  if (request.top_p < 1.0) {
    return amount >= request.top_p * total * fixed_one;
  }
  return exp(-reach) < request.min_p;
}

fn draw_filtered(thread: u32, request: Request, total: f32, highest: f32) -> u32 {
  var reach = 8.0;
  var count = list_candidates(thread, reach);
  var amount = kept_amount(thread, count, Cut(0u, 0xffffffffu));
  while (!reaches(request, reach, count, amount, total)) {
    reach *= 2.5;
    count = list_candidates(thread, reach);
    amount = kept_amount(thread, count, Cut(0u, 0xffffffffu));
  }
  let cut = select_kept(thread, count, request, total, highest);
  clear_bins(thread);
  for (var i = thread; i < count; i += workgroup_size) {
    let candidate = candidate_at(i);
    let weight = f32(candidate.amount) / fixed_one;
    if (keeps(cut, candidate.key, candidate.id) && weight >= request.min_p) {
      add_to_bin(candidate.id / parameters.chunk_size, candidate.amount);
    }
  }
  workgroupBarrier();
  if (thread < chunk_count) {
    chunk_sums[thread] = bin_amount(thread) / fixed_one;
  }
  return draw(thread, request, highest, cut);
}

fn draw_plain(thread: u32, request: Request, highest: f32) -> u32 {
  if (thread < chunk_count) {
    let at = parameters.partials + thread * partial_words;
    chunk_sums[thread] =
        read_f32(at + 2u) * weight_of(read_f32(at), highest, request.temperature);
  }
  return draw(thread, request, highest, Cut(0u, 0xffffffffu));
}

fn is_filtered(request: Request) -> bool {
  return has_top_k(request) || request.top_p < 1.0 || request.min_p > 0.0;
}

@compute @workgroup_size(workgroup_size)
fn main(@builtin(local_invocation_index) thread: u32) {
  if (thread == 0u) {
    shared_request = read_request();
  }
  let request = workgroupUniformLoad(&shared_request);
  var own = Best(lowest, 0xffffffffu);
  let partial = parameters.partials + thread * partial_words;
  if (thread < chunk_count) {
    own = Best(read_f32(partial), activations[partial + 1u]);
  }
  let best = workgroup_best(thread, own);
  var token = best.id;
  if (request.temperature > 0.0) {
    if (thread == 0u) {
      shared_highest = best.value;
    }
    let highest = workgroupUniformLoad(&shared_highest);
    if (is_filtered(request)) {
      var own_sum = 0.0;
      if (thread < chunk_count) {
        own_sum = read_f32(partial + 2u) * weight_of(own.value, highest, request.temperature);
      }
      let total = workgroup_sum(thread, own_sum);
      token = draw_filtered(thread, request, total, highest);
    } else {
      token = draw_plain(thread, request, highest);
    }
  }
  token = min(token, parameters.vocabulary_size - 1u);
  if (request.logprobs >= 0) {
    report(thread, token, min(u32(request.logprobs), alternatives_max));
  }
  workgroupBarrier();
  if (thread == 0u) {
    activations[parameters.token] = token;
    activations[parameters.report] = token;
    let word = parameters.seen + (token >> 5u);
    activations[word] = activations[word] | (1u << (token & 31u));
  }
}
