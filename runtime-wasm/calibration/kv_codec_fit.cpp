#include "calibration/kv_codec_fit.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

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
void append_codec(const Square& covariance, const Column& mean, const Square& metric,
                  std::vector<std::uint16_t>& codec) {
  constexpr double kVarianceShareMin = 1e-6;
  constexpr double kWeightMin = 1e-4;
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

// The mean of keys before their rotation. `moments` are those of keys and of their positions, over
// the number of tokens.
Column turning_mean(const Square& moments, Eigen::Index size, Eigen::Index pairs) {
  Column mean = moments.col(moments.cols() - 1).head(size);
  for (Eigen::Index pair = 0; pair < pairs; ++pair) {
    const Eigen::Index other = pair + pairs, cosine = size + pair, sine = size + other;
    mean[pair] = moments(pair, cosine) + moments(other, sine);
    mean[other] = moments(other, cosine) - moments(pair, sine);
  }
  return mean.unaryExpr(
      [](double x) { return static_cast<double>(half_to_float(float_to_half(float(x)))); });
}

// Scores pay for every pair that has a mean; most of what it explains is in few of them. The others
// are left without. `metric` is that of errors of keys.
void keep_strongest_pairs(const Square& metric, Eigen::Index pairs, Column& mean) {
  constexpr Eigen::Index kKeptOf = 4;  // one in so many
  std::vector<Eigen::Index> order(static_cast<std::size_t>(pairs));
  std::iota(order.begin(), order.end(), 0);
  const auto strength = [&](Eigen::Index pair) {
    const Eigen::Index other = pair + pairs;
    return (mean[pair] * mean[pair] + mean[other] * mean[other]) *
           (metric(pair, pair) + metric(other, other));
  };
  std::ranges::sort(order, std::ranges::greater(), strength);
  const auto kept = static_cast<std::size_t>((pairs + kKeptOf - 1) / kKeptOf);
  for (const Eigen::Index pair : std::span(order).subspan(kept)) {
    mean[pair] = mean[pair + pairs] = 0.0;
  }
}

// What is left of keys without that mean: their second moments.
Square left_of_keys(const Square& moments, const Column& mean, Eigen::Index pairs) {
  const Eigen::Index size = mean.size(), numbers = 2 * pairs + 1;
  Square turned = Square::Zero(size, numbers);  // times a position's numbers: R(p) mean
  turned.col(2 * pairs) = mean;
  for (Eigen::Index pair = 0; pair < pairs; ++pair) {
    const Eigen::Index other = pair + pairs;
    turned(pair, 2 * pairs) = turned(other, 2 * pairs) = 0.0;
    turned(pair, pair) = turned(other, other) = mean[pair];
    turned(other, pair) = mean[other];
    turned(pair, other) = -mean[other];
  }
  const Square crossed = moments.topRightCorner(size, numbers) * turned.transpose();
  return moments.topLeftCorner(size, size) - crossed - crossed.transpose() +
         turned * moments.bottomRightCorner(numbers, numbers) * turned.transpose();
}

}  // namespace

KvStatistics::KvStatistics(std::int64_t key_value_heads, std::int64_t head_size,
                           std::span<const float> frequencies)
    : frequencies_(frequencies.begin(), frequencies.end()) {
  const Eigen::Index numbers = head_size + 2 * std::ssize(frequencies_) + 1;
  Head head;
  head.key_moments = Matrix::Zero(numbers, numbers);
  head.value_moments = head.query_moments = Matrix::Zero(head_size, head_size);
  head.value_sum = Vector::Zero(head_size);
  heads_.assign(static_cast<std::size_t>(key_value_heads), head);
}

void KvStatistics::add_keys_and_values(const Rows& keys, const Rows& values,
                                       std::span<const std::int32_t> positions) {
  tokens_ += keys.rows();
  const Eigen::Index pairs = std::ssize(frequencies_), size = heads_[0].value_sum.size();
  Matrix joint = Matrix::Ones(keys.rows(), size + 2 * pairs + 1);
  for (Eigen::Index token = 0; token < keys.rows(); ++token) {
    for (Eigen::Index pair = 0; pair < pairs; ++pair) {
      const double angle = static_cast<double>(positions[static_cast<std::size_t>(token)]) *
                           static_cast<double>(frequencies_[static_cast<std::size_t>(pair)]);
      joint(token, size + pair) = static_cast<float>(std::cos(angle));
      joint(token, size + pairs + pair) = static_cast<float>(std::sin(angle));
    }
  }
  Eigen::Index first = 0;
  for (Head& head : heads_) {
    const auto value = values.middleCols(first, size);
    joint.leftCols(size) = keys.middleCols(first, size);
    head.key_moments.noalias() += joint.transpose() * joint;
    head.value_moments.noalias() += value.transpose() * value;
    head.value_sum += value.colwise().sum();
    first += size;
  }
}

void KvStatistics::add_queries(const Rows& queries) {
  const Eigen::Index size = heads_[0].value_sum.size();
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
    heads_[i].value_sum += from.value_sum;
  }
}

Result<LayerCodecs> KvStatistics::codecs(const Matrix& projection) const {
  const std::int64_t size = heads_[0].value_sum.size();
  if (tokens_ < 4 * size) {
    return Error{ErrorCode::kInvalidArgument,
                 "heads of " + std::to_string(size) + " elements need at least " +
                     std::to_string(4 * size) + " tokens of text, not " + std::to_string(tokens_)};
  }
  const std::int64_t group = projection.cols() / size / std::ssize(heads_);
  const auto tokens = static_cast<double>(tokens_);
  const Eigen::Index pairs = std::ssize(frequencies_);
  LayerCodecs codecs;
  codecs.has_turning_means = pairs > 0;
  std::int64_t first_column = 0;
  for (const Head& head : heads_) {
    const Square key_moments = head.key_moments.cast<double>() / tokens;
    const Square key_metric = regularized(head.query_moments.cast<double>());
    Column key_mean = turning_mean(key_moments, size, pairs);
    keep_strongest_pairs(key_metric, pairs, key_mean);
    append_codec(left_of_keys(key_moments, key_mean, pairs), key_mean, key_metric, codecs.key);
    const Column value_mean = head.value_sum.transpose().cast<double>() / tokens;
    append_codec(head.value_moments.cast<double>() / tokens - value_mean * value_mean.transpose(),
                 value_mean, regularized(output_metric(projection, first_column, group, size)),
                 codecs.value);
    first_column += group * size;
  }
  return codecs;
}

}  // namespace tessera::calibration
