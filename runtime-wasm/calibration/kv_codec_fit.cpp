#include "calibration/kv_codec_fit.h"

#include <algorithm>
#include <string>

#include "base/half.h"

namespace tessera::calibration {
namespace {

using Square = Eigen::MatrixXd;
using Column = Eigen::VectorXd;

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
Square output_metric(const Matrix& projection, std::int64_t first_column, std::int64_t group,
                     std::int64_t head_size) {
  Square metric = Square::Zero(head_size, head_size);
  for (std::int64_t member = 0; member < group; ++member) {
    const Square part =
        projection.middleCols(first_column + member * head_size, head_size).cast<double>();
    metric.noalias() += part.transpose() * part;
  }
  return metric;
}

}  // namespace

KvStatistics::KvStatistics(std::int64_t key_value_heads, std::int64_t head_size) {
  Head head;
  head.key_moments = head.value_moments = head.query_moments = Matrix::Zero(head_size, head_size);
  head.key_sum = head.value_sum = Vector::Zero(head_size);
  heads_.assign(static_cast<std::size_t>(key_value_heads), head);
}

void KvStatistics::add_keys_and_values(const Rows& keys, const Rows& values) {
  tokens_ += keys.rows();
  Eigen::Index first = 0;
  for (Head& head : heads_) {
    const Eigen::Index size = head.key_sum.size();
    const auto key = keys.middleCols(first, size), value = values.middleCols(first, size);
    head.key_moments.noalias() += key.transpose() * key;
    head.value_moments.noalias() += value.transpose() * value;
    head.key_sum += key.colwise().sum();
    head.value_sum += value.colwise().sum();
    first += size;
  }
}

void KvStatistics::add_queries(const Rows& queries) {
  const Eigen::Index size = heads_[0].key_sum.size();
  const Eigen::Index group = queries.cols() / size / std::ssize(heads_);
  Eigen::Index first = 0;
  for (Head& head : heads_) {
    for (Eigen::Index member = 0; member < group; ++member, first += size) {
      const auto query = queries.middleCols(first, size);
      head.query_moments.noalias() += query.transpose() * query;
    }
  }
}

void KvStatistics::add(const KvStatistics& other) {
  tokens_ += other.tokens_;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const Head& from = other.heads_[i];
    heads_[i].key_moments += from.key_moments;
    heads_[i].value_moments += from.value_moments;
    heads_[i].query_moments += from.query_moments;
    heads_[i].key_sum += from.key_sum;
    heads_[i].value_sum += from.value_sum;
  }
}

Result<LayerCodecs> KvStatistics::codecs(const Matrix& projection) const {
  const std::int64_t size = heads_[0].key_sum.size();
  if (tokens_ < 4 * size) {
    return Error{ErrorCode::kInvalidArgument,
                 "heads of " + std::to_string(size) + " elements need at least " +
                     std::to_string(4 * size) + " tokens of text, not " + std::to_string(tokens_)};
  }
  const std::int64_t group = projection.cols() / size / std::ssize(heads_);
  const auto tokens = static_cast<double>(tokens_);
  LayerCodecs codecs;
  std::int64_t first_column = 0;
  for (const Head& head : heads_) {
    append_codec(head.key_moments.cast<double>() / tokens,
                 head.key_sum.transpose().cast<double>() / tokens,
                 regularized(head.query_moments.cast<double>()), codecs.key);
    append_codec(head.value_moments.cast<double>() / tokens,
                 head.value_sum.transpose().cast<double>() / tokens,
                 regularized(output_metric(projection, first_column, group, size)), codecs.value);
    first_column += group * size;
  }
  return codecs;
}

}  // namespace tessera::calibration
