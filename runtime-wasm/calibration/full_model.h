// A whole decoder in float arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "calibration/float_layer.h"

namespace tessera::calibration {

using Tokens = std::vector<std::int32_t>;
using Texts = std::vector<Tokens>;

inline constexpr const char* kEmbeddingName = "model.embed_tokens.weight";
inline constexpr const char* kOutputName = "lm_head.weight";
inline constexpr const char* kFinalNormName = "model.norm.weight";

struct FullModel {
  LayerShape shape;
  std::vector<FloatLayer> layers;
  Matrix embedding, output;  // [vocabulary, hidden_size]; output is empty if it is the embedding
  Vector final_norm;

  bool ties_output() const { return output.size() == 0; }
  const Matrix& output_matrix() const { return ties_output() ? embedding : output; }
};

// `configuration` must live as long as the model. Errors: those of SourceTensors.
Result<FullModel> read_model(const ModelSource& source, const DecoderConfiguration& configuration);

// [tokens, hidden_size]. REQUIRES: ids below the vocabulary's size.
Matrix embed(const Matrix& embedding, const Tokens& text);

// What the output matrix is fed with, for one text: the last layer's states, normed.
Matrix final_states(const FullModel& model, const Tokens& text);

// Turns rows of logits into rows of log probabilities.
void normalize_logits(Matrix& logits);

}  // namespace tessera::calibration
