// Converts a model into a package: chooses types, orders tensors, repacks or quantizes them panel
// by panel. Memory beyond the source's own stays at a few tens of megabytes, whatever the model's
// size.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "calibration/layerwise_quantizer.h"
#include "package/model_source.h"
#include "tools/package_writer.h"

namespace tessera {

// A tensor that the source does not have.
struct AddedTensor {
  std::string name;
  Shape shape;
  calibration::PackedTensor tensor;
};

struct ConvertOptions {
  // The type of matrices; nothing: the natural type of the format that each is stored in.
  std::optional<DataType> weights;
  int threads = 1;  // for quantizing
  // Tensors that are finished already, by name; their types go before `weights`.
  const calibration::PackedTensors* finished = nullptr;
  std::span<const AddedTensor> added;
  std::string quantization_json = "{}";  // goes into the manifest as it is
  // Called after every tensor, with how many are done.
  std::function<void(std::size_t done, std::size_t total)> on_progress;
};

// The type a tensor gets in the package: f32 unless it is a matrix, else as asked for; but with
// 4 bits or fewer embeddings and output get 8 bits, where few bits cost most.
DataType package_type(const SourceTensor& tensor, std::optional<DataType> weights);

// Whether package_type's choice keeps the integers and scales that the source has.
bool is_repacked(const SourceTensor& tensor, DataType type);

// Layers in their order, the embedding before them, the final norm and the output after them.
std::int32_t load_priority(std::string_view tensor_name);

// Shards go to `store`; the manifest describes them. Errors: kUnsupported for an architecture that
// the runtime does not know; kInvalidFile naming a tensor with weights that are not finite or do
// not fit.
Result<Manifest> convert_model(const ModelSource& source, const ConvertOptions& options,
                               ShardStore& store);

}  // namespace tessera
