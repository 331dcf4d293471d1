// What `tessera convert` does before it writes anything when weights get few bits: calibration.
#pragma once

#include <optional>
#include <string>

#include "calibration/layerwise_quantizer.h"
#include "package/model_source.h"
#include "tools/convert_model.h"

namespace tessera {

struct QuantizeOptions {
  DataType weights = DataType::kQ4;  // q4m, q4, q4s, q3 or q2
  double mixed_bits = 0.0;           // above 0: formats chosen under this many bits per weight
  // Of embedding and output, which mixed_bits then leaves out; by default q8 where mixed_bits does
  // not choose.
  std::optional<DataType> embedding;
  std::string calibration_file;  // empty: the built-in text
  int tuning_steps = -1;         // below 0: as many as a model of its size is worth
  int threads = 1;
  bool quiet = false;  // print no progress
};

struct QuantizedModel {
  calibration::PackedTensors tensors;
  std::vector<AddedTensor> codecs;  // of the KV cache (ops/kv_codec.h)
  std::vector<std::int32_t> text;   // tokens of the calibration text, kMeasuredTokens at most
  std::string quantization_json;    // for the manifest: how, with what, and what each tensor lost
};

// Quantizes a decoder's linear layers, embedding and output, calibrated on a text and on texts that
// the full model writes itself; then, unless the model is large, tunes all tensors towards the full
// model's distribution over more texts of its own (calibration/distillation.h). The same result for
// the same arguments. Errors: those of calibration, and of the text's file.
Result<QuantizedModel> quantize_model(const ModelSource& source, const QuantizeOptions& options);

}  // namespace tessera
