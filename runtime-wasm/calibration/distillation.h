// Teaches a quantized model the full model's distribution: all that a package holds (the floats
// behind the quants, scales, zero points, norms, biases, embedding) is moved down the gradient of
// the divergence between the two over texts (Liu et al., "LLM-QAT", 2023; for what is trained:
// Chen et al., "EfficientQAT", 2024).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "calibration/full_model.h"
#include "calibration/layerwise_quantizer.h"
#include "calibration/self_text.h"

namespace tessera::calibration {

struct DistillationOptions {
  std::size_t steps = 200;
  std::size_t texts_per_step = 8;
  float rate = 4e-4f;
  int threads = 1;
  std::function<void(std::size_t done, std::size_t total)> on_progress;  // in steps
};

struct Distilled {
  std::map<std::string, QuantizedMatrix> matrices;
  std::map<std::string, Vector> vectors;  // norms and biases, by the tensors' names
  double divergence_before = 0.0, divergence_after = 0.0;  // over the texts held out
};

// `matrices` starts the student, by the tensors' names: every linear layer, embedding and output;
// it is emptied. A matrix that is missing stays as the full model has it. The first `held_out`
// texts are not learned from, but measured. REQUIRES: more texts than held out.
Distilled distil(const FullModel& full, QuantizedLinears& matrices,
                 const std::vector<TaughtText>& texts, std::size_t held_out,
                 const DistillationOptions& options);

}  // namespace tessera::calibration
