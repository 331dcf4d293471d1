// How the next token is chosen (ops/sample.h does it). No random state is kept: the choice depends
// only on the logits, the tokens so far, the seed and the token's index, so that another runner can
// go on with an answer in the middle and draw the same numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "ops/sample.h"

namespace tessera {

struct SamplingParameters {
  float temperature = 1.0f;  // 0: always the most probable token
  std::int32_t top_k = 0;    // keep the k most probable tokens; 0: all
  float top_p = 1.0f;        // keep the fewest tokens whose probabilities reach p
  float min_p = 0.0f;        // keep tokens at least min_p times as probable as the first
  float repetition_penalty = 1.0f;
  std::uint64_t seed = 0;
  std::int32_t logprobs = -1;  // how many alternatives to report; -1: report nothing

  // Errors: kInvalidArgument naming the parameter and its range.
  Result<void> validate() const;

  // What the op is told for token number `index` of an answer.
  SampleParameters for_token(std::uint64_t index) const;
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

// What the op reported, read with `logprobs` alternatives (-1: only the token).
SampledToken read_report(const SampleReport& report, std::int32_t logprobs);

// A number in [0, 1) that depends on the seed and the index alone (SplitMix64; Steele et al.,
// 2014), as exact as f32 has it.
float uniform_from_seed(std::uint64_t seed, std::uint64_t index);

}  // namespace tessera
