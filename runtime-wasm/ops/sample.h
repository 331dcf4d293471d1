// Sample: chooses the next token from logits.
//
// Logits of tokens already seen are divided by the repetition penalty if positive, else multiplied
// (Keskar et al., "CTRL", 2019, section 4.1). At temperature 0 the highest logit wins, the lowest
// id among equals. Otherwise each token has the weight exp((logit - highest) / temperature), and of
// the tokens in order (higher logit first, lower id among equals) are kept: the first top_k; of
// these the fewest whose weights reach top_p of their sum (Holtzman et al., 2020); of these the
// ones of weight >= min_p (Nguyen et al., 2024; the highest weight is 1). Among the kept tokens, in
// order of id, the first is chosen at which the running sum of weights exceeds uniform * sum.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "tensor/tensor_ref.h"

namespace tessera {

// The words of Sample::parameters; floats are their bits.
struct SampleParameters {
  float temperature = 1.0f;
  std::int32_t top_k = 0;  // 0: all
  float top_p = 1.0f;
  float min_p = 0.0f;
  float repetition_penalty = 1.0f;
  float uniform = 0.0f;        // in [0, 1)
  std::int32_t logprobs = -1;  // alternatives to report, at most kSampleAlternativesMax; -1: none
  std::int32_t padding = 0;
};
static_assert(sizeof(SampleParameters) == 32);

inline constexpr std::int64_t kSampleAlternativesMax = 20;

struct SampleAlternative {
  std::int32_t id = 0;
  float logprob = 0.0f;
};

// The words of Sample::report. Log probabilities are those of the logits before any change; they
// are written only if parameters.logprobs >= 0, alternatives only as many as asked for.
struct SampleReport {
  std::int32_t id = 0;
  float logprob = 0.0f;
  SampleAlternative alternatives[kSampleAlternativesMax];  // most probable first
};
static_assert(sizeof(SampleReport) == 8 + 8 * kSampleAlternativesMax);

inline constexpr std::int64_t kSampleParametersWords = sizeof(SampleParameters) / 4;
inline constexpr std::int64_t kSampleReportWords = sizeof(SampleReport) / 4;

struct Sample {
  TensorRef logits;      // [1, vocabulary_size] f32; may be changed
  TensorRef parameters;  // [kSampleParametersWords] i32
  TensorRef seen;   // [(vocabulary_size + 31) / 32] i32: bit id % 32 of word id / 32 is set for the
                    // tokens of prompt and answer; the chosen one is added
  TensorRef token;  // [1] i32: the chosen id
  TensorRef report;  // [kSampleReportWords] i32

  Result<void> validate() const;
};

}  // namespace tessera
