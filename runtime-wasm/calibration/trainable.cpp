#include "calibration/trainable.h"

#include <cmath>

#include "quantization/round.h"
#include "tensor/panel.h"

namespace tessera::calibration {
namespace {

constexpr float kMeanDecay = 0.9f;
constexpr float kSquareDecay = 0.95f;
constexpr float kDenominatorMin = 1e-12f;
// A zero point counts in quants, and may move faster than a weight.
constexpr float kZeroRate = 3.0f;
// How far from its quant's value a float may start, in quants: 0.5 is the border of its cell.
constexpr float kCellMargin = 0.45f;

using Floats = Eigen::Array<float, 1, Eigen::Dynamic>;

}  // namespace

Adam::Adam(Eigen::Index rows, Eigen::Index columns)
    : mean_(Matrix::Zero(rows, columns)), square_(Matrix::Zero(rows, columns)) {}

void Adam::update(Eigen::Ref<Matrix> parameter, const Eigen::Ref<const Matrix>& gradient,
                  const AdamStep& step) {
  const auto index = static_cast<float>(step.index);
  const float rate = step.rate / (1.0f - std::pow(kMeanDecay, index));
  const float square_share = 1.0f / (1.0f - std::pow(kSquareDecay, index));
  const float scale = step.gradient_scale;
  mean_ = kMeanDecay * mean_ + (1.0f - kMeanDecay) * scale * gradient;
  square_.array() = kSquareDecay * square_.array() +
                    (1.0f - kSquareDecay) * scale * scale * gradient.array().square();
  parameter.array() -=
      rate * mean_.array() / ((square_share * square_.array()).sqrt() + kDenominatorMin);
}

TrainableMatrix::TrainableMatrix(const QuantizedMatrix& start, const Matrix& target)
    : type_(start.type),
      latent_(start.rows, start.columns),
      log_scale_(start.rows, start.groups()),
      sign_(start.rows, start.groups()),
      zero_(start.rows, start.groups()),
      latent_moments_(start.rows, start.columns),
      log_scale_moments_(start.rows, start.groups()),
      zero_moments_(start.rows, start.groups()) {
  for (Eigen::Index row = 0; row < latent_.rows(); ++row) {
    for (Eigen::Index column = 0; column < latent_.cols(); ++column) {
      const Line& line = start.line(row, column);
      const float value = start.value(row, column);
      const float margin = kCellMargin * std::fabs(line.scale);
      latent_(row, column) = std::clamp(target(row, column), value - margin, value + margin);
      const Eigen::Index group = column / kGroupColumns;
      log_scale_(row, group) = std::log(std::max(std::fabs(line.scale), 1e-7f));
      sign_(row, group) = line.scale < 0.0f ? -1.0f : 1.0f;
      zero_(row, group) = line.zero;
    }
  }
}

Line TrainableMatrix::line(Eigen::Index row, Eigen::Index group) const {
  return encode_line(type_, sign_(row, group) * std::exp(log_scale_(row, group)),
                     zero_(row, group));
}

void TrainableMatrix::write_values(Matrix& values) const {
  const auto top = static_cast<float>(quant_max(type_));
  for (Eigen::Index row = 0; row < latent_.rows(); ++row) {
    for (Eigen::Index group = 0; group < zero_.cols(); ++group) {
      const Line stored = line(row, group);
      const float inverse = stored.scale == 0.0f ? 0.0f : 1.0f / stored.scale;
      const Eigen::Index begin = group * kGroupColumns;
      const Eigen::Index end = std::min<Eigen::Index>(begin + kGroupColumns, latent_.cols());
      const float* from = &latent_(row, begin);
      float* to = &values(row, begin);
      for (Eigen::Index i = 0; i < end - begin; ++i) {
        const int quant = round_within(from[i] * inverse + stored.zero, 0.0f, top);
        to[i] = stored.scale * (static_cast<float>(quant) - stored.zero);
      }
    }
  }
}

void TrainableMatrix::update(Matrix& gradient, const AdamStep& step) {
  const auto top = static_cast<float>(quant_max(type_));
  Matrix of_scale(zero_.rows(), zero_.cols()), of_zero(zero_.rows(), zero_.cols());
  for (Eigen::Index row = 0; row < latent_.rows(); ++row) {
    for (Eigen::Index group = 0; group < zero_.cols(); ++group) {
      const Line stored = line(row, group);
      const float inverse = stored.scale == 0.0f ? 0.0f : 1.0f / stored.scale;
      const Eigen::Index begin = group * kGroupColumns;
      const Eigen::Index width = std::min<Eigen::Index>(kGroupColumns, latent_.cols() - begin);
      auto of_values = gradient.row(row).segment(begin, width).array();
      const Floats steps = latent_.row(row).segment(begin, width).array() * inverse + stored.zero;
      const Floats within = steps.max(0.0f).min(top);
      const Floats quants = within.round();
      const Floats is_within = (steps == within).cast<float>();
      // d value / d scale is quant - zero, less what the quant gives way where it is not clamped.
      of_scale(row, group) =
          stored.scale *
          (of_values * (quants - stored.zero - is_within * (steps - stored.zero))).sum();
      of_zero(row, group) = -stored.scale * (of_values * (1.0f - is_within)).sum();
      of_values *= is_within;
    }
  }
  log_scale_moments_.update(log_scale_, of_scale, step);
  if (has_zero_point(type_)) {
    AdamStep zero_step = step;
    zero_step.rate *= kZeroRate;
    zero_moments_.update(zero_, of_zero, zero_step);
  }
  latent_moments_.update(latent_, gradient, step);
}

QuantizedMatrix TrainableMatrix::quantized() const {
  QuantizedMatrix out(type_, latent_.rows(), latent_.cols());
  for (Eigen::Index row = 0; row < latent_.rows(); ++row) {
    for (Eigen::Index column = 0; column < latent_.cols(); ++column) {
      const Line stored = line(row, column / kGroupColumns);
      out.line(row, column) = stored;
      out.quant(row, column) =
          static_cast<std::uint8_t>(quant_of(type_, stored, latent_(row, column)));
    }
  }
  return out;
}

}  // namespace tessera::calibration
