// RopeParameters: how a configuration scales its rotary positions, and the frequencies that follow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace tessera {

struct RopeParameters {
  std::string type = "default";  // "default", "linear", "dynamic", "llama3" or "yarn"
  double theta = 10000.0;
  double factor = 1.0;
  double partial_rotary_factor = 1.0;
  std::int64_t original_context_tokens = 0;  // original_max_position_embeddings
  // llama3
  double low_freq_factor = 1.0;
  double high_freq_factor = 4.0;
  // yarn; a negative value means that the configuration does not give it
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double attention_factor = -1.0;
  double mscale = -1.0;
  double mscale_all_dim = -1.0;
  bool truncate = true;
};

struct RopeFrequencies {
  std::vector<float> frequencies;  // [rotary_size / 2], radians per position
  float attention_scale = 1.0f;
};

// Frequencies for heads of `head_size`.
//   default: theta^(-2i / rotary_size) (Su et al., "RoFormer", 2021, section 3.4.2)
//   linear:  divided by factor (Chen et al., "Position Interpolation", 2023)
//   dynamic: equal to default inside the trained context, which is all that is offered here
//   llama3:  long wavelengths divided by factor, short ones kept, a ramp between (Llama 3.1)
//   yarn:    Peng et al., "YaRN", 2023, sections 3.2 and 3.4
// Errors: kUnsupported for another type; kInvalidFile for values that make no sense.
Result<RopeFrequencies> compute_rope_frequencies(const RopeParameters& parameters,
                                                 std::int64_t head_size);

}  // namespace tessera
