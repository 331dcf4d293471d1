// Quantizes a decoder layer by layer. Each linear layer sees the inputs that it will have when all
// layers before it are quantized, and aims at the outputs that it has in the full model.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "calibration/error_compensation.h"
#include "calibration/full_model.h"
#include "calibration/kv_codec_fit.h"

namespace tessera::calibration {

// A finished tensor, ready for a package.
struct PackedTensor {
  DataType type = DataType::kQ8;
  std::vector<std::byte> bytes;
  double output_error = 0.0;  // squared error of its outputs over their squares
};

using PackedTensors = std::unordered_map<std::string, PackedTensor>;

// A matrix before it is packed, and the floats that it stands for.
struct QuantizedLinear {
  QuantizedMatrix quantized;
  Matrix target;
  double output_error = 0.0;  // squared error of its outputs over their squares
};

using QuantizedLinears = std::map<std::string, QuantizedLinear>;  // by the tensors' names

struct LayerwiseOptions {
  // The format of a linear layer's weight, by the tensor's name.
  std::function<DataType(const std::string& name)> type_of;
  // The embedding as the package has it; null: as the source has it.
  const Matrix* embedding = nullptr;
  int threads = 1;
  float damping = 0.01f;
  int sweeps = 4;
  // Gets the codecs of every layer's keys and values as the quantized model has them; left empty if
  // the texts have too few tokens for them. Null: none are made.
  std::vector<LayerCodecs>* codecs = nullptr;
  // Called after every linear layer.
  std::function<void(std::size_t done, std::size_t total)> on_progress;
};

// `texts` are token ids below the vocabulary's size. Norms, biases, embedding and output are not
// touched. Memory: two streams of hidden states and one linear layer's inputs of each, for all
// texts. Errors: kInvalidFile naming a tensor that is missing, damaged or beyond a format's range.
Result<QuantizedLinears> quantize_layers(const ModelSource& source,
                                         const DecoderConfiguration& configuration,
                                         const Texts& texts, const LayerwiseOptions& options);

}  // namespace tessera::calibration
