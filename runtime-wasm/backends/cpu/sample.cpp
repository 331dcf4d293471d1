// Sample: see ops/sample.h; weights and their sums in double precision.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "backends/cpu/execution.h"

namespace tessera::cpu {
namespace {

struct Candidate {
  std::int32_t id;
  float logit;
  double weight;  // not normalized; 1 for the highest logit
};

bool is_more_probable(float logit_a, std::int32_t id_a, float logit_b, std::int32_t id_b) {
  return logit_a != logit_b ? logit_a > logit_b : id_a < id_b;
}

std::size_t argmax(std::span<const float> logits) {
  return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

class Choice {
 public:
  Choice(const SampleParameters& parameters, std::span<float> logits)
      : parameters_(parameters), logits_(logits) {}

  void penalize_seen(std::span<const std::int32_t> seen) {
    const float penalty = parameters_.repetition_penalty;
    if (penalty == 1.0f) return;
    for (std::size_t id = 0; id < logits_.size(); ++id) {
      if ((static_cast<std::uint32_t>(seen[id / 32]) >> (id % 32) & 1u) == 0) continue;
      float& logit = logits_[id];
      logit = logit > 0.0f ? logit / penalty : logit * penalty;
    }
  }

  std::int32_t draw() {
    const std::size_t best = argmax(logits_);
    if (parameters_.temperature == 0.0f) return static_cast<std::int32_t>(best);
    collect_candidates(logits_[best]);
    keep_top_p();
    std::erase_if(candidates_, [&](const Candidate& c) { return c.weight < parameters_.min_p; });
    // Nothing is left if no weight is a number; the highest logit is then as good as any.
    if (candidates_.empty()) return static_cast<std::int32_t>(best);
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
    double remaining = static_cast<double>(parameters_.uniform) * sum_of_weights();
    for (const Candidate& candidate : candidates_) {
      remaining -= candidate.weight;
      if (remaining < 0.0) return candidate.id;
    }
    return candidates_.back().id;
  }

 private:
  // All that top_k keeps.
  void collect_candidates(float highest) {
    for (std::size_t i = 0; i < logits_.size(); ++i) {
      const double scaled = static_cast<double>(logits_[i] - highest) / parameters_.temperature;
      // Below this a token's weight vanishes against the first one's in double precision.
      if (scaled < -45.0) continue;
      candidates_.push_back({static_cast<std::int32_t>(i), logits_[i], std::exp(scaled)});
    }
    const auto k = static_cast<std::size_t>(parameters_.top_k);
    if (k > 0 && k < candidates_.size()) {
      sort_front(k);
      candidates_.resize(k);
    }
  }

  void keep_top_p() {
    if (parameters_.top_p >= 1.0f) return;
    const double enough = static_cast<double>(parameters_.top_p) * sum_of_weights();
    // Few tokens usually reach p: sort a short front first and a longer one only if it must be.
    for (std::size_t sorted = 64;; sorted *= 8) {
      const std::size_t count = std::min(sorted, candidates_.size());
      sort_front(count);
      double sum = 0.0;
      for (std::size_t i = 0; i < count; ++i) {
        sum += candidates_[i].weight;
        if (sum >= enough) return candidates_.resize(i + 1);
      }
      if (count == candidates_.size()) return;
    }
  }

  // Brings the `count` most probable candidates to the front, in order.
  void sort_front(std::size_t count) {
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                      candidates_.end(), [](const Candidate& a, const Candidate& b) {
                        return is_more_probable(a.logit, a.id, b.logit, b.id);
                      });
  }

  double sum_of_weights() const {
    double sum = 0.0;
    for (const Candidate& candidate : candidates_) sum += candidate.weight;
    return sum;
  }

  SampleParameters parameters_;
  std::span<float> logits_;
  std::vector<Candidate> candidates_;
};

// log(sum(exp(logits))), computed so that it does not overflow.
double log_sum_exp(std::span<const float> logits) {
  const double highest = logits[argmax(logits)];
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  return highest + std::log(sum);
}

// REQUIRES: report.id is set.
void report_logprobs(std::span<const float> logits, std::int32_t count, SampleReport& report) {
  const double normalizer = log_sum_exp(logits);
  const auto logit_of = [&](std::int32_t id) { return logits[static_cast<std::size_t>(id)]; };
  const auto logprob_of = [&](std::int32_t id) {
    return static_cast<float>(logit_of(id) - normalizer);
  };
  report.logprob = logprob_of(report.id);
  std::vector<std::int32_t> ids(logits.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
  const auto reported = std::min(static_cast<std::size_t>(count), ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(reported), ids.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      return is_more_probable(logit_of(a), a, logit_of(b), b);
                    });
  for (std::size_t i = 0; i < reported; ++i) {
    report.alternatives[i] = {ids[i], logprob_of(ids[i])};
  }
}

}  // namespace

Result<void> run(const Sample& op, Execution&) {
  SampleParameters parameters;
  std::memcpy(&parameters, op.parameters.host_bytes(), sizeof parameters);
  const std::span<float> logits = op.logits.host_span<float>();
  const std::span<std::int32_t> seen = op.seen.host_span<std::int32_t>();
  const bool reports = parameters.logprobs >= 0;
  std::vector<float> unchanged;
  if (reports) unchanged.assign(logits.begin(), logits.end());

  Choice choice(parameters, logits);
  choice.penalize_seen(seen);
  SampleReport report;
  report.id = choice.draw();
  if (reports) {
    report_logprobs(unchanged, std::min<std::int32_t>(parameters.logprobs, kSampleAlternativesMax),
                    report);
  }
  std::memcpy(op.report.host_bytes(), &report, sizeof report);
  std::memcpy(op.token.host_bytes(), &report.id, sizeof report.id);
  std::int32_t& word = seen[static_cast<std::size_t>(report.id / 32)];
  word = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) | 1u << (report.id % 32));
  return {};
}

}  // namespace tessera::cpu
