#include "model/rope_parameters.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tessera {
namespace {

using std::numbers::pi;

double llama3_frequency(const RopeParameters& p, double frequency) {
  const auto original = static_cast<double>(p.original_context_tokens);
  const double wavelength = 2.0 * pi / frequency;
  if (wavelength < original / p.high_freq_factor) return frequency;
  if (wavelength > original / p.low_freq_factor) return frequency / p.factor;
  const double smooth =
      (original / wavelength - p.low_freq_factor) / (p.high_freq_factor - p.low_freq_factor);
  return (1.0 - smooth) * frequency / p.factor + smooth * frequency;
}

// The (fractional) index of the pair that turns `rotations` times within the original context.
double yarn_correction_index(const RopeParameters& p, double rotary_size, double rotations) {
  const auto original = static_cast<double>(p.original_context_tokens);
  return rotary_size * std::log(original / (rotations * 2.0 * pi)) / (2.0 * std::log(p.theta));
}

double yarn_mscale(double factor, double mscale) {
  return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

double yarn_attention_scale(const RopeParameters& p) {
  if (p.attention_factor >= 0.0) return p.attention_factor;
  if (p.mscale > 0.0 && p.mscale_all_dim > 0.0) {
    return yarn_mscale(p.factor, p.mscale) / yarn_mscale(p.factor, p.mscale_all_dim);
  }
  return yarn_mscale(p.factor, 1.0);
}

void scale_yarn(const RopeParameters& p, std::int64_t rotary_size, std::vector<double>& all) {
  const auto size = static_cast<double>(rotary_size);
  double low = yarn_correction_index(p, size, p.beta_fast);
  double high = yarn_correction_index(p, size, p.beta_slow);
  if (p.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, size - 1.0);
  if (high <= low) high = low + 0.001;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    all[i] = all[i] / p.factor * ramp + all[i] * (1.0 - ramp);
  }
}

Result<void> check(const RopeParameters& p, std::int64_t rotary_size) {
  if (rotary_size <= 0 || rotary_size % 2 != 0) {
    return Error{ErrorCode::kInvalidFile,
                 "rotary embeddings need an even head size, not " + std::to_string(rotary_size)};
  }
  if (!(p.theta > 0.0) || !(p.factor > 0.0)) {
    return Error{ErrorCode::kInvalidFile, "rope_theta and the rope factor must be positive"};
  }
  const bool needs_original = p.type == "llama3" || p.type == "yarn";
  if (needs_original && p.original_context_tokens <= 0) {
    return Error{ErrorCode::kInvalidFile,
                 "rope type " + p.type + " needs original_max_position_embeddings"};
  }
  return {};
}

}  // namespace

Result<RopeFrequencies> compute_rope_frequencies(const RopeParameters& parameters,
                                                 std::int64_t head_size) {
  const auto rotary_size =
      static_cast<std::int64_t>(static_cast<double>(head_size) * parameters.partial_rotary_factor);
  TESSERA_TRY_VOID(check(parameters, rotary_size));
  std::vector<double> all(static_cast<std::size_t>(rotary_size / 2));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(rotary_size);
    all[i] = std::pow(parameters.theta, -exponent);
  }
  RopeFrequencies result;
  if (parameters.type == "linear") {
    for (double& frequency : all) frequency /= parameters.factor;
  } else if (parameters.type == "llama3") {
    for (double& frequency : all) frequency = llama3_frequency(parameters, frequency);
  } else if (parameters.type == "yarn") {
    scale_yarn(parameters, rotary_size, all);
    result.attention_scale = static_cast<float>(yarn_attention_scale(parameters));
  } else if (parameters.type != "default" && parameters.type != "dynamic") {
    return Error{ErrorCode::kUnsupported,
                 "rope type \"" + parameters.type +
                     "\" is not supported; known: default, linear, dynamic, llama3, yarn"};
  }
  result.frequencies.assign(all.begin(), all.end());
  return result;
}

}  // namespace tessera
