#include "calibration/kv_codec_observer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "base/half.h"
#include "ops/kv_codec.h"
#include "quantization/format.h"

namespace tessera::calibration {
namespace {

using Square = Eigen::MatrixXd;
using Column = Eigen::VectorXd;

// Ops one by one, each prepared by itself, so that what lies between them can be read.
struct ObservedProgram final : Program {
  std::vector<Op> ops;
  std::vector<std::unique_ptr<Program>> steps;
};

// The vectors of one head: tokens rows of head_size elements.
using HeadRows = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;

HeadRows head_rows(const TensorRef& tensor, std::int64_t head) {
  const std::int64_t head_size = tensor.shape[2];
  const auto* first = reinterpret_cast<const float*>(tensor.host_bytes()) + head * head_size;
  return {first, tensor.shape[0], head_size, Eigen::OuterStride<>(tensor.shape[1] * head_size)};
}

// Never without any direction, so that it can be inverted.
Square regularized(Square metric) {
  constexpr double kShare = 3e-3;
  const auto size = static_cast<double>(metric.rows());
  const double mean = std::max(metric.trace() / size, 1e-30);
  metric /= mean;
  metric.diagonal().array() += kShare;
  return metric;
}

void append(const Square& matrix, std::vector<std::uint16_t>& codec) {
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
    for (Eigen::Index column = 0; column < matrix.cols(); ++column) {
      codec.push_back(float_to_half(static_cast<float>(matrix(row, column))));
    }
  }
}

// Appends one head's part of a codec.
void append_codec(const Square& moments, const Column& mean, const Square& metric,
                  std::vector<std::uint16_t>& codec) {
  constexpr double kVarianceShareMin = 1e-6;
  constexpr double kWeightMin = 1e-4;
  const Square covariance = moments - mean * mean.transpose();
  const Eigen::SelfAdjointEigenSolver<Square> roots(metric);
  const Square root = roots.operatorSqrt(), inverse_root = roots.operatorInverseSqrt();
  const Eigen::SelfAdjointEigenSolver<Square> solver(root * covariance * root);
  const Square directions = solver.eigenvectors().rowwise().reverse();
  Column variances = solver.eigenvalues().reverse();
  const double least = std::max(kVarianceShareMin * variances[0], 1e-12);
  variances = variances.cwiseMax(least);
  const Column deviations = variances.cwiseSqrt();
  append(deviations.cwiseInverse().asDiagonal() * directions.transpose() * root, codec);
  append(inverse_root * directions * deviations.asDiagonal(), codec);
  append(mean.transpose(), codec);
  append((variances / variances.mean()).cwiseMax(kWeightMin).transpose(), codec);
}

// How much an error of a value's elements is worth once it has passed the output projection, for
// the heads that share the value.
Square output_metric(const TensorRef& projection, std::int64_t first_column, std::int64_t group,
                     std::int64_t head_size) {
  const std::int64_t columns = projection.shape[1];
  Square metric = Square::Zero(head_size, head_size);
  std::vector<float> row(static_cast<std::size_t>(columns));
  for (std::int64_t r = 0; r < projection.shape[0]; ++r) {
    dequantize_row(projection.type, projection.host_bytes(), columns, r, row.data());
    for (std::int64_t member = 0; member < group; ++member) {
      const Eigen::Map<const Eigen::VectorXf> part(row.data() + first_column + member * head_size,
                                                   head_size);
      const Column wide = part.cast<double>();
      metric.selfadjointView<Eigen::Lower>().rankUpdate(wide);
    }
  }
  return metric.selfadjointView<Eigen::Lower>();
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
    Layer& layer = layer_of(*attention);
    observe(*attention, layer);
    if (const auto* write = std::get_if<KvWrite>(&observed.ops[i - 1])) observe(*write, layer);
    if (const auto* matmul = std::get_if<MatMul>(&observed.ops[i + 1])) {
      layer.output_projection = matmul->weight;
    }
  }
  return {};
}

KvCodecObserver::Layer& KvCodecObserver::layer_of(const Attention& op) {
  for (Layer& layer : layers_) {
    if (layer.cache_id == op.key_cache.buffer.id) return layer;
  }
  const std::int64_t size = op.key_cache.shape[2];
  Head head;
  head.key_moments = head.value_moments = head.query_moments = Matrix::Zero(size, size);
  head.key_sum = head.value_sum = Vector::Zero(size);
  Layer layer;
  layer.cache_id = op.key_cache.buffer.id;
  layer.heads.assign(static_cast<std::size_t>(op.key_cache.shape[0]), head);
  layers_.push_back(std::move(layer));
  return layers_.back();
}

void KvCodecObserver::observe(const KvWrite& op, Layer& layer) const {
  layer.tokens += op.key.shape[0];
  for (std::size_t index = 0; index < layer.heads.size(); ++index) {
    Head& head = layer.heads[index];
    const HeadRows keys = head_rows(op.key, static_cast<std::int64_t>(index));
    const HeadRows values = head_rows(op.value, static_cast<std::int64_t>(index));
    head.key_moments.noalias() += keys.transpose() * keys;
    head.value_moments.noalias() += values.transpose() * values;
    head.key_sum += keys.colwise().sum();
    head.value_sum += values.colwise().sum();
  }
}

void KvCodecObserver::observe(const Attention& op, Layer& layer) const {
  const std::int64_t group = op.query.shape[1] / op.key_cache.shape[0];
  for (std::int64_t query_head = 0; query_head < op.query.shape[1]; ++query_head) {
    const HeadRows queries = head_rows(op.query, query_head);
    Head& head = layer.heads[static_cast<std::size_t>(query_head / group)];
    head.query_moments.noalias() += queries.transpose() * queries;
  }
}

Result<std::vector<KvCodecObserver::LayerCodecs>> KvCodecObserver::codecs() const {
  std::vector<LayerCodecs> all;
  for (const Layer& layer : layers_) {
    const std::int64_t size = layer.heads[0].key_sum.size();
    if (layer.tokens < 4 * size) {
      return Error{ErrorCode::kInvalidArgument,
                   "heads of " + std::to_string(size) + " elements need at least " +
                       std::to_string(4 * size) + " tokens of text, not " +
                       std::to_string(layer.tokens)};
    }
    const auto heads = static_cast<std::int64_t>(layer.heads.size());
    const std::int64_t group = layer.output_projection.shape[1] / (heads * size);
    const auto tokens = static_cast<double>(layer.tokens);
    LayerCodecs codecs;
    for (std::int64_t index = 0; index < heads; ++index) {
      const Head& head = layer.heads[static_cast<std::size_t>(index)];
      append_codec(head.key_moments.cast<double>() / tokens,
                   head.key_sum.transpose().cast<double>() / tokens,
                   regularized(head.query_moments.cast<double>()), codecs.key);
      const Square metric =
          output_metric(layer.output_projection, index * group * size, group, size);
      append_codec(head.value_moments.cast<double>() / tokens,
                   head.value_sum.transpose().cast<double>() / tokens, regularized(metric),
                   codecs.value);
    }
    all.push_back(std::move(codecs));
  }
  return all;
}

}  // namespace tessera::calibration
