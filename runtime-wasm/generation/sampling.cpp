#include "generation/sampling.h"

#include <algorithm>
#include <span>
#include <string>

namespace tessera {
namespace {

Error out_of_range(const char* name, const char* range) {
  return Error{ErrorCode::kInvalidArgument, std::string(name) + " must be " + range};
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
  if (logprobs < -1 || logprobs > kSampleAlternativesMax) {
    return out_of_range("logprobs", "from 0 to 20");
  }
  return {};
}

SampleParameters SamplingParameters::for_token(std::uint64_t index) const {
  SampleParameters parameters;
  parameters.temperature = temperature;
  parameters.top_k = top_k;
  parameters.top_p = top_p;
  parameters.min_p = min_p;
  parameters.repetition_penalty = repetition_penalty;
  parameters.uniform = uniform_from_seed(seed, index);
  parameters.logprobs = logprobs;
  return parameters;
}

SampledToken read_report(const SampleReport& report, std::int32_t logprobs) {
  SampledToken token;
  token.id = report.id;
  if (logprobs < 0) return token;
  token.logprob = report.logprob;
  const auto count = std::min<std::int64_t>(logprobs, kSampleAlternativesMax);
  for (const SampleAlternative& alternative :
       std::span(report.alternatives).first(static_cast<std::size_t>(count))) {
    token.alternatives.push_back({alternative.id, alternative.logprob});
  }
  return token;
}

float uniform_from_seed(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return static_cast<float>(z >> 40) * 0x1p-24f;
}

}  // namespace tessera
