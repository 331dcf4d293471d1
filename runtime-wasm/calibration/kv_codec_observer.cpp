#include "calibration/kv_codec_observer.h"

#include <utility>
#include <variant>

#include "quantization/format.h"

namespace tessera::calibration {
namespace {

// Ops one by one, each prepared by itself, so that what lies between them can be read.
struct ObservedProgram final : Program {
  std::vector<Op> ops;
  std::vector<std::unique_ptr<Program>> steps;
};

template <typename T>
std::span<const T> elements(const TensorRef& tensor) {
  return {reinterpret_cast<const T*>(tensor.host_bytes()),
          static_cast<std::size_t>(tensor.shape.element_count())};
}

// [tokens, heads * head_size] of a tensor that is [tokens, heads, head_size].
KvStatistics::Rows rows_of(const TensorRef& tensor) {
  const std::int64_t columns = tensor.shape[1] * tensor.shape[2];
  return Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>(
      reinterpret_cast<const float*>(tensor.host_bytes()), tensor.shape[0], columns,
      Eigen::OuterStride<>(columns));
}

Matrix floats_of(const TensorRef& matrix) {
  Matrix floats(matrix.shape[0], matrix.shape[1]);
  for (std::int64_t row = 0; row < floats.rows(); ++row) {
    dequantize_row(matrix.type, matrix.host_bytes(), floats.cols(), row, floats.row(row).data());
  }
  return floats;
}

}  // namespace

Result<std::unique_ptr<Program>> KvCodecObserver::prepare(std::span<const Op> ops,
                                                          std::span<const TensorRef> results) {
  auto program = std::make_unique<ObservedProgram>();
  program->ops.assign(ops.begin(), ops.end());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    TESSERA_TRY(auto step, inner_->prepare(ops.subspan(i, 1), results));
    program->steps.push_back(std::move(step));
  }
  return std::unique_ptr<Program>(std::move(program));
}

Result<void> KvCodecObserver::run(const Program& program) {
  const auto& observed = static_cast<const ObservedProgram&>(program);
  for (std::size_t i = 0; i < observed.steps.size(); ++i) {
    TESSERA_TRY_VOID(inner_->run(*observed.steps[i]));
    const auto* attention = std::get_if<Attention>(&observed.ops[i]);
    if (attention == nullptr) continue;
    const auto& write = std::get<KvWrite>(observed.ops[i - 1]);
    Layer& layer = layer_of(*attention, std::get_if<Rope>(&observed.ops[i - 2]));
    layer.statistics.add_queries(rows_of(attention->query));
    layer.statistics.add_keys_and_values(rows_of(write.key), rows_of(write.value),
                                         elements<std::int32_t>(write.positions));
    if (const auto* matmul = std::get_if<MatMul>(&observed.ops[i + 1])) {
      layer.output_projection = matmul->weight;
    }
  }
  return {};
}

KvCodecObserver::Layer& KvCodecObserver::layer_of(const Attention& op, const Rope* rope) {
  for (Layer& layer : layers_) {
    if (layer.cache_id == op.key_cache.buffer.id) return layer;
  }
  Layer layer;
  layer.cache_id = op.key_cache.buffer.id;
  std::span<const float> frequencies;
  if (rope != nullptr) frequencies = elements<float>(rope->frequencies);
  layer.statistics = KvStatistics(op.key_cache.shape[0], op.key_cache.shape[2], frequencies);
  layers_.push_back(std::move(layer));
  return layers_.back();
}

Result<std::vector<LayerCodecs>> KvCodecObserver::codecs() const {
  std::vector<LayerCodecs> all;
  for (const Layer& layer : layers_) {
    TESSERA_TRY(all.emplace_back(), layer.statistics.codecs(floats_of(layer.output_projection)));
  }
  return all;
}

}  // namespace tessera::calibration
