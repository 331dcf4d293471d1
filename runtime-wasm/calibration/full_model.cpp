#include "calibration/full_model.h"

#include "calibration/source_tensors.h"

namespace tessera::calibration {

Result<FullModel> read_model(const ModelSource& source, const DecoderConfiguration& c) {
  const SourceTensors tensors(source);
  FullModel model;
  TESSERA_TRY(model.shape, LayerShape::of(c));
  TESSERA_TRY(model.embedding, tensors.read(kEmbeddingName, c.vocabulary_size, c.hidden_size));
  if (!c.ties_embeddings && tensors.has(kOutputName)) {
    TESSERA_TRY(model.output, tensors.read(kOutputName, c.vocabulary_size, c.hidden_size));
  }
  TESSERA_TRY(model.final_norm, tensors.read_optional(kFinalNormName, c.hidden_size));
  if (model.final_norm.size() == 0) {
    return Error{ErrorCode::kInvalidFile, std::string("the model has no tensor ") + kFinalNormName};
  }
  for (std::int64_t index = 0; index < c.layers; ++index) {
    TESSERA_TRY(FloatLayer layer, read_layer(tensors, c, index));
    model.layers.push_back(std::move(layer));
  }
  return model;
}

Matrix embed(const Matrix& embedding, const Tokens& text) {
  Matrix hidden(std::ssize(text), embedding.cols());
  for (std::size_t i = 0; i < text.size(); ++i) {
    hidden.row(static_cast<Eigen::Index>(i)) = embedding.row(text[i]);
  }
  return hidden;
}

Matrix final_states(const FullModel& model, const Tokens& text) {
  Matrix hidden = embed(model.embedding, text);
  for (const FloatLayer& layer : model.layers) hidden = run_layer(layer, model.shape, hidden);
  return rms_norm(hidden, model.final_norm, model.shape.configuration->rms_epsilon);
}

void normalize_logits(Matrix& logits) {
  for (Eigen::Index row = 0; row < logits.rows(); ++row) {
    const float highest = logits.row(row).maxCoeff();
    const float sum = (logits.row(row).array() - highest).exp().sum();
    logits.row(row).array() -= highest + std::log(sum);
  }
}

}  // namespace tessera::calibration
