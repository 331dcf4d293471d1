#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "support/op_case.h"
#include "support/reference_ops.h"

namespace tessera::testing {
namespace {

using reference::at;
using reference::Values;

struct SampleCase {
  std::string name;
  SampleParameters parameters;
  std::vector<float> logits;
  std::vector<std::int32_t> seen = {};  // ids
  int draws = 1;                        // with uniforms spread over [0, 1)
  bool is_short = false;
};

Values penalized(const SampleCase& one) {
  Values logits = reference::widen(one.logits);
  const double penalty = one.parameters.repetition_penalty;
  for (const std::int32_t id : one.seen) {
    double& logit = logits[at(id)];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
  return logits;
}

std::vector<std::int32_t> ids_in_order(const Values& logits) {
  std::vector<std::int32_t> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
  std::ranges::sort(ids, [&](std::int32_t a, std::int32_t b) {
    return logits[at(a)] != logits[at(b)] ? logits[at(a)] > logits[at(b)] : a < b;
  });
  return ids;
}

// Every token's weight, zero if it is not kept.
Values kept_weights(const SampleParameters& parameters, const Values& logits) {
  std::vector<std::int32_t> ids = ids_in_order(logits);
  const double highest = logits[at(ids[0])];
  const auto weight = [&](std::int32_t id) {
    return std::exp((logits[at(id)] - highest) / parameters.temperature);
  };
  if (parameters.top_k > 0) ids.resize(std::min(ids.size(), at(parameters.top_k)));
  double sum = 0.0;
  for (const std::int32_t id : ids) sum += weight(id);
  if (parameters.top_p < 1.0f) {
    double reached = 0.0;
    std::size_t count = 0;
    while (count < ids.size() && (count == 0 || reached < parameters.top_p * sum)) {
      reached += weight(ids[count++]);
    }
    ids.resize(count);
  }
  Values weights(logits.size());
  for (const std::int32_t id : ids) {
    if (weight(id) >= parameters.min_p) weights[at(id)] = weight(id);
  }
  return weights;
}

std::int32_t choose(const SampleParameters& parameters, const Values& logits) {
  if (parameters.temperature == 0.0f) return ids_in_order(logits)[0];
  const Values weights = kept_weights(parameters, logits);
  double rest = 0.0;
  for (const double weight : weights) rest += weight;
  rest *= parameters.uniform;
  std::int32_t chosen = 0;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    if (weights[id] == 0.0) continue;
    chosen = static_cast<std::int32_t>(id);
    rest -= weights[id];
    if (rest < 0) break;
  }
  return chosen;
}

TensorRef words_of(const TensorRef& tensor, DataType type, std::int64_t first) {
  return {type, Shape{1}, tensor.buffer, tensor.offset_bytes + at(first) * 4};
}

// The report's log probabilities, and its alternatives.
void expect_report(const SampleCase& one, const Sample& op, std::int32_t chosen,
                   std::vector<ExpectedTensor>& results) {
  const Values logits = reference::widen(one.logits);
  const std::vector<std::int32_t> ids = ids_in_order(logits);
  double sum = 0.0;
  for (const double logit : logits) sum += std::exp(logit - logits[at(ids[0])]);
  const double normalizer = logits[at(ids[0])] + std::log(sum);
  const auto expect = [&](std::int64_t word, DataType type, double value) {
    results.push_back({words_of(op.report, type, word), {value}, 1.0, 1e-5, 1e-5});
  };
  expect(1, DataType::kF32, logits[at(chosen)] - normalizer);
  for (std::int32_t i = 0; i < one.parameters.logprobs; ++i) {
    expect(2 + 2 * i, DataType::kI32, ids[at(i)]);
    expect(3 + 2 * i, DataType::kF32, logits[at(ids[at(i)])] - normalizer);
  }
}

OpCaseRun make_sample(CaseTensors& tensors, const SampleCase& one) {
  const auto vocabulary = static_cast<std::int64_t>(one.logits.size());
  std::vector<std::int32_t> marks(at((vocabulary + 31) / 32));
  for (const std::int32_t id : one.seen) marks[at(id / 32)] |= std::int32_t{1} << (id % 32);
  OpCaseRun run;
  for (int draw = 0; draw < one.draws; ++draw) {
    SampleParameters parameters = one.parameters;
    if (one.draws > 1) {
      parameters.uniform = (static_cast<float>(draw) + 0.5f) / static_cast<float>(one.draws);
    }
    const Sample op{
        .logits = tensors.activation(Shape{1, vocabulary}, one.logits),
        .parameters = tensors.from_bytes(DataType::kI32, Shape{kSampleParametersWords},
                                         MemoryPurpose::kActivations,
                                         std::as_bytes(std::span(&parameters, 1))),
        .seen = tensors.i32(marks),
        .token = tensors.i32({-1}),
        .report = tensors.i32(std::vector<std::int32_t>(at(kSampleReportWords), -1)),
    };
    const std::int32_t chosen = choose(parameters, penalized(one));
    std::vector<std::int32_t> marked = marks;
    marked[at(chosen / 32)] |= std::bit_cast<std::int32_t>(1u << (chosen % 32));
    run.ops.push_back(op);
    run.results.push_back({op.token, {static_cast<double>(chosen)}});
    run.results.push_back({words_of(op.report, DataType::kI32, 0), {static_cast<double>(chosen)}});
    run.results.push_back({op.seen, Values(marked.begin(), marked.end())});
    if (parameters.logprobs >= 0) expect_report(one, op, chosen, run.results);
  }
  return run;
}

// What a language model's logits look like: most far down, a few near the top.
std::vector<float> peaked_logits(std::int64_t count, std::uint64_t seed) {
  RandomValues random(seed);
  std::vector<float> logits = random.uniform(count, 6.0f);
  for (std::int64_t i = 0; i < std::max<std::int64_t>(1, count / 50); ++i) {
    logits[at(random.below(static_cast<std::int32_t>(count)))] = 9.0f + random.uniform(5.0f);
  }
  return logits;
}

std::vector<SampleCase> sample_cases() {
  constexpr std::int64_t kVocabulary = 151936;
  const std::vector<float> four = {std::log(0.3f), std::log(0.1f), std::log(0.4f), std::log(0.2f)};
  const std::vector<float> equal(1000, 0.5f);
  std::vector<float> ties = peaked_logits(3000, 3);
  for (const std::size_t id : {2999u, 7u, 1500u, 64u}) ties[id] = 20.0f;
  const auto large = peaked_logits(kVocabulary, 5);
  return {
      {"greedy", {.temperature = 0.0f}, peaked_logits(1000, 1), {}, 1, true},
      {"greedy, equal logits", {.temperature = 0.0f}, ties, {}, 1, true},
      {"greedy, one token", {.temperature = 0.0f}, {-3.0f}, {}, 1},
      {"greedy, penalty, logprobs",
       {.temperature = 0.0f, .repetition_penalty = 1.7f, .logprobs = 5},
       ties,
       {7, 64, 1500, 31, 32},
       1,
       true},
      {"temperature 1", {}, four, {}, 40, true},
      {"temperature 0.5, penalty",
       {.temperature = 0.5f, .repetition_penalty = 1.3f},
       four,
       {2},
       40},
      {"top_k 2", {.top_k = 2}, four, {}, 40, true},
      {"top_k 3 of equal logits", {.top_k = 3}, equal, {}, 9, true},
      {"top_p 0.65", {.top_p = 0.65f}, four, {}, 40, true},
      {"top_p 0.5 of equal logits", {.top_p = 0.5f}, equal, {}, 40},
      {"top_p 0 keeps one", {.top_p = 0.0f}, four, {}, 5},
      {"min_p 0.6", {.min_p = 0.6f}, four, {}, 40},
      {"top_k 3, top_p 0.7, min_p 0.1", {.top_k = 3, .top_p = 0.7f, .min_p = 0.1f}, four, {}, 40},
      {"top_k 40, top_p 0.9 of 3000",
       {.temperature = 0.8f, .top_k = 40, .top_p = 0.9f},
       peaked_logits(3000, 4),
       {},
       40,
       true},
      {"temperature 1.5 of 3000", {.temperature = 1.5f}, peaked_logits(3000, 6), {}, 100},
      {"top_p 0.95 of 3000", {.top_p = 0.95f}, peaked_logits(3000, 7), {}, 100},
      {"top_p 0.999, flat, of 3000",
       {.temperature = 20.0f, .top_p = 0.999f},
       peaked_logits(3000, 8),
       {},
       20},
      {"greedy of a large vocabulary", {.temperature = 0.0f}, large, {}, 1},
      {"temperature 0.7 of a large vocabulary",
       {.temperature = 0.7f, .uniform = 0.61f, .logprobs = 20},
       large},
      {"top_k 50, top_p 0.95 of a large vocabulary",
       {.top_k = 50, .top_p = 0.95f, .uniform = 0.37f},
       large},
      {"top_p 0.9 of a large vocabulary",
       {.top_p = 0.9f, .repetition_penalty = 1.1f, .uniform = 0.83f},
       large,
       {0, 5, 151935, 777}},
  };
}

}  // namespace

void add_sample_cases(OpCases& cases) {
  for (const SampleCase& one : sample_cases()) {
    cases.push_back({"Sample", one.name, one.is_short,
                     [=](CaseTensors& tensors) { return make_sample(tensors, one); }});
  }
}

}  // namespace tessera::testing
