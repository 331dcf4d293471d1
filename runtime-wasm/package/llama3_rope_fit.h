// Finds the Llama 3 rotary scaling that a list of frequency divisors came from.
#pragma once

#include <optional>
#include <span>

namespace tessera {

// The fields of Hugging Face's rope_scaling of type llama3.
struct Llama3RopeScaling {
  double factor = 1.0;
  double low_freq_factor = 1.0;
  double high_freq_factor = 4.0;
  double original_context_tokens = 8192.0;
};

// `divisors`: what each rotary frequency theta^(-2i / rotary_size) is divided by, [rotary_size /
// 2]. Nothing if no scaling of that form gives them to within 0.1 %.
std::optional<Llama3RopeScaling> fit_llama3_rope(std::span<const float> divisors, double theta);

}  // namespace tessera
