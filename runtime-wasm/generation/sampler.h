// Sampler: chooses the next token from logits. It keeps no random state: the choice depends only on
// the logits, the tokens so far, the seed and the token's index, so that another runner can go on
// with an answer in the middle and draw the same numbers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace tessera {

struct SamplingParameters {
  float temperature = 1.0f;  // 0: always the most probable token
  std::int32_t top_k = 0;    // keep the k most probable tokens; 0: all
  float top_p = 1.0f;  // keep the fewest tokens whose probabilities reach p (Holtzman et al., 2020)
  float min_p =
      0.0f;  // keep tokens at least min_p times as probable as the first (Nguyen et al., 2024)
  float repetition_penalty = 1.0f;  // Keskar et al., "CTRL", 2019, section 4.1
  std::uint64_t seed = 0;
  std::int32_t logprobs = -1;  // how many alternatives to report; -1: report nothing

  // Errors: kInvalidArgument naming the parameter and its range.
  Result<void> validate() const;
};

struct TokenLogprob {
  std::int32_t id = 0;
  float logprob = 0.0f;
};

struct SampledToken {
  std::int32_t id = 0;
  float logprob = 0.0f;                    // of the model's own distribution, before any change
  std::vector<TokenLogprob> alternatives;  // most probable first
};

// A number in [0, 1) that depends on the seed and the index alone (SplitMix64; Steele et al.,
// 2014).
double uniform_from_seed(std::uint64_t seed, std::uint64_t index);

class Sampler {
 public:
  // REQUIRES: parameters.validate() succeeded.
  explicit Sampler(const SamplingParameters& parameters) : parameters_(parameters) {}

  // Chooses token number `index` of the answer. `logits` are changed. `previous` are the tokens of
  // prompt and answer so far, for the repetition penalty. Ties go to the lowest id.
  SampledToken sample(std::span<float> logits, std::span<const std::int32_t> previous,
                      std::uint64_t index);

 private:
  struct Candidate {
    std::int32_t id;
    float logit;
    double weight;  // not normalized
  };

  void report_logprobs(std::span<const float> logits, SampledToken& token) const;
  void penalize_repetition(std::span<float> logits, std::span<const std::int32_t> previous);
  void collect_candidates(std::span<const float> logits);
  void sort_candidates(std::size_t count);
  std::size_t weigh_candidates();
  std::int32_t draw(std::uint64_t index);

  SamplingParameters parameters_;
  std::vector<Candidate> candidates_;
  std::vector<std::int32_t> seen_;
};

}  // namespace tessera
