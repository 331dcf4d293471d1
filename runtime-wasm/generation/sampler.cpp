#include "generation/sampler.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tessera {
namespace {

Error out_of_range(const char* name, const char* range) {
  return Error{ErrorCode::kInvalidArgument, std::string(name) + " must be " + range};
}

std::int32_t argmax(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// log(sum(exp(logits))), computed so that it does not overflow.
double log_sum_exp(std::span<const float> logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  return highest + std::log(sum);
}

}  // namespace

Result<void> SamplingParameters::validate() const {
  if (!(temperature >= 0.0f && temperature <= 100.0f)) {
    return out_of_range("temperature", "from 0 to 100");
  }
  if (top_k < 0) return out_of_range("top_k", "0 (all tokens) or more");
  if (!(top_p > 0.0f && top_p <= 1.0f)) return out_of_range("top_p", "above 0 and at most 1");
  if (!(min_p >= 0.0f && min_p <= 1.0f)) return out_of_range("min_p", "from 0 to 1");
  if (!(repetition_penalty > 0.0f && repetition_penalty <= 100.0f)) {
    return out_of_range("repetition_penalty", "above 0 and at most 100");
  }
  if (logprobs < -1 || logprobs > 20) return out_of_range("logprobs", "from 0 to 20");
  return {};
}

double uniform_from_seed(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-53;
}

SampledToken Sampler::sample(std::span<float> logits, std::span<const std::int32_t> previous,
                             std::uint64_t index) {
  TESSERA_CHECK(!logits.empty());
  SampledToken token;
  std::vector<float> unchanged;
  if (parameters_.logprobs >= 0) unchanged.assign(logits.begin(), logits.end());
  penalize_repetition(logits, previous);
  if (parameters_.temperature == 0.0f) {
    token.id = argmax(logits);
  } else {
    collect_candidates(logits);
    token.id = draw(index);
  }
  if (parameters_.logprobs >= 0) report_logprobs(unchanged, token);
  return token;
}

void Sampler::report_logprobs(std::span<const float> logits, SampledToken& token) const {
  const double normalizer = log_sum_exp(logits);
  const auto logprob_of = [&](std::int32_t id) {
    return static_cast<float>(logits[static_cast<std::size_t>(id)] - normalizer);
  };
  token.logprob = logprob_of(token.id);
  std::vector<std::int32_t> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
  const auto count = std::min(static_cast<std::size_t>(parameters_.logprobs), ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      const float logit_a = logits[static_cast<std::size_t>(a)];
                      const float logit_b = logits[static_cast<std::size_t>(b)];
                      return logit_a != logit_b ? logit_a > logit_b : a < b;
                    });
  for (std::size_t i = 0; i < count; ++i) {
    token.alternatives.push_back({ids[i], logprob_of(ids[i])});
  }
}

void Sampler::penalize_repetition(std::span<float> logits, std::span<const std::int32_t> previous) {
  if (parameters_.repetition_penalty == 1.0f) return;
  seen_.assign(previous.begin(), previous.end());
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
  for (const std::int32_t id : seen_) {
    float& logit = logits[static_cast<std::size_t>(id)];
    logit = logit > 0.0f ? logit / parameters_.repetition_penalty
                         : logit * parameters_.repetition_penalty;
  }
}

// Candidates with weight exp((logit - highest) / temperature): all that top_k could keep, unsorted.
void Sampler::collect_candidates(std::span<const float> logits) {
  const float highest = logits[static_cast<std::size_t>(argmax(logits))];
  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double scaled = static_cast<double>(logits[i] - highest) / parameters_.temperature;
    // Below this a token's weight vanishes against the first one's in double precision.
    if (scaled < -45.0) continue;
    candidates_.push_back({static_cast<std::int32_t>(i), logits[i], std::exp(scaled)});
  }
  const auto k = static_cast<std::size_t>(parameters_.top_k);
  if (k > 0 && k < candidates_.size()) {
    sort_candidates(k);
    candidates_.resize(k);
  }
}

// Brings the `count` most probable candidates to the front, in order.
void Sampler::sort_candidates(std::size_t count) {
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates_.end(), [](const Candidate& a, const Candidate& b) {
                      return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
                    });
}

// How many candidates top_p keeps; exactly so many are in order at the front afterwards.
std::size_t Sampler::weigh_candidates() {
  double total = 0.0;
  for (const Candidate& candidate : candidates_) total += candidate.weight;
  if (parameters_.top_p >= 1.0f) return candidates_.size();
  // Few tokens usually reach p: sort a short front first and a longer one only if it must be.
  for (std::size_t sorted = 64;; sorted *= 8) {
    const std::size_t count = std::min(sorted, candidates_.size());
    sort_candidates(count);
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      sum += candidates_[i].weight;
      if (sum >= static_cast<double>(parameters_.top_p) * total) return i + 1;
    }
    if (count == candidates_.size()) return count;
  }
}

std::int32_t Sampler::draw(std::uint64_t index) {
  candidates_.resize(weigh_candidates());
  if (parameters_.min_p > 0.0f) {
    // The highest weight is 1, since weights are relative to the most probable token.
    std::erase_if(candidates_, [&](const Candidate& c) { return c.weight < parameters_.min_p; });
  }
  double total = 0.0;
  for (const Candidate& candidate : candidates_) total += candidate.weight;
  double remaining = uniform_from_seed(parameters_.seed, index) * total;
  for (const Candidate& candidate : candidates_) {
    remaining -= candidate.weight;
    if (remaining < 0.0) return candidate.id;
  }
  return candidates_.back().id;
}

}  // namespace tessera
