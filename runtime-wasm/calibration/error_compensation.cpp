#include "calibration/error_compensation.h"

#include <array>
#include <cmath>
#include <optional>
#include <span>

#include "tensor/panel.h"

namespace tessera::calibration {
namespace {

using WideMatrix = Eigen::MatrixXd;

constexpr std::int64_t kRowsAtOnce = 64;

// One pass over the columns of some rows. `factor` is the upper Cholesky factor of H's inverse.
void compensate_rows(Eigen::Ref<Matrix> rows, const Matrix& factor, std::int64_t first_row,
                     QuantizedMatrix& out) {
  const std::int64_t columns = rows.cols();
  Matrix errors(rows.rows(), kGroupColumns);
  std::array<float, kGroupColumns> importance;
  for (std::int64_t begin = 0; begin < columns; begin += kGroupColumns) {
    const std::int64_t width = std::min(kGroupColumns, columns - begin);
    for (std::int64_t i = 0; i < width; ++i) {
      const float diagonal = factor(begin + i, begin + i);
      importance[static_cast<std::size_t>(i)] = 1.0f / (diagonal * diagonal);
    }
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
      Line& line = out.line(first_row + r, begin);
      line = fit_line(out.type, rows.row(r).data() + begin, importance.data(), width);
      for (std::int64_t i = begin; i < begin + width; ++i) {
        const int quant = quant_of(out.type, line, rows(r, i));
        out.quant(first_row + r, i) = static_cast<std::uint8_t>(quant);
        const float error = (rows(r, i) - line.value(quant)) / factor(i, i);
        errors(r, i - begin) = error;
        const std::int64_t rest = begin + width - i - 1;
        rows.row(r).segment(i + 1, rest) -= error * factor.row(i).segment(i + 1, rest);
      }
    }
    const std::int64_t rest = columns - begin - width;
    rows.rightCols(rest).noalias() -=
        errors.leftCols(width) * factor.block(begin, begin + width, width, rest);
  }
}

// Descent on the quants and lines of one row. `error` = W - Q, `slope` = error * H.
class RowDescent {
 public:
  RowDescent(const Matrix& h, std::int64_t row, QuantizedMatrix& out)
      : h_(h), row_(row), out_(out) {}

  void start(const Eigen::Ref<const Vector>& weight) {
    error_ = weight;
    for (std::int64_t i = 0; i < error_.size(); ++i) error_(i) -= out_.value(row_, i);
    slope_.noalias() = error_ * h_;
  }

  void refit_lines() {
    for (std::int64_t begin = 0; begin < error_.size(); begin += kGroupColumns) refit_line(begin);
  }

  void move_quants() {
    const int top = quant_max(out_.type);
    for (std::int64_t i = 0; i < error_.size(); ++i) {
      const Line& line = out_.line(row_, i);
      if (line.scale == 0.0f || !(h_(i, i) > 0.0f)) continue;
      std::uint8_t& quant = out_.quant(row_, i);
      const float wanted = slope_(i) / (line.scale * h_(i, i));
      const int moved =
          std::clamp(static_cast<int>(quant) +
                         static_cast<int>(std::lround(std::clamp(wanted, -16.0f, 16.0f))),
                     0, top);
      if (moved == quant) continue;
      const float change = line.scale * static_cast<float>(moved - quant);
      quant = static_cast<std::uint8_t>(moved);
      error_(i) -= change;
      slope_ -= change * h_.row(i);
    }
  }

 private:
  // What changing a group's line by `s` in the scale and `m` in the minimum gains:
  //   2 (b s + e m) - (a s^2 + 2 c s m + d m^2)
  struct Gain {
    double a, b, c, d, e;

    double of(double s, double m) const {
      return 2.0 * (b * s + e * m) - (a * s * s + 2.0 * c * s * m + d * m * m);
    }
  };

  // The line to store that gains most, if there is one.
  std::optional<Line> best_line(const Line& old, const Gain& gain) const {
    const auto& [a, b, c, d, e] = gain;
    const auto stored_scale = [&](double scale) {
      return double{encode_line(out_.type, static_cast<float>(scale), old.zero).scale};
    };
    if (!has_zero_point(out_.type)) {
      const double stored = stored_scale(old.scale + (a > 0.0 ? b / a : 0.0));
      if (stored == 0.0) return std::nullopt;
      return encode_line(out_.type, static_cast<float>(stored), old.zero);
    }
    const double old_minimum = -double{old.scale} * old.zero;
    const std::span<const float> zeros = few_zero_points(out_.type);
    if (!zeros.empty()) return best_of(old, gain, zeros);
    const double determinant = a * d - c * c;
    if (!(determinant > 1e-9 * a * d)) return std::nullopt;
    const double scale = old.scale + (b * d - c * e) / determinant;
    const double minimum = old_minimum + (a * e - b * c) / determinant;
    const double stored = scale > 0.0 ? stored_scale(scale) : 0.0;
    if (stored == 0.0) return std::nullopt;
    return encode_line(out_.type, static_cast<float>(stored),
                       static_cast<float>(-minimum / stored));
  }

  // The same of these zero points, each with the scale that is best for it.
  std::optional<Line> best_of(const Line& old, const Gain& gain,
                              std::span<const float> zeros) const {
    const auto& [a, b, c, d, e] = gain;
    std::optional<Line> best;
    double best_gain = 0.0;
    for (const float zero : zeros) {
      // With s = scale - old scale, m = -zero * s - shift.
      const double z = zero;
      const double shift = double{old.scale} * (z - old.zero);
      const double curvature = a - 2.0 * c * z + d * z * z;
      if (!(curvature > 0.0)) continue;
      const double change = (b - e * z + shift * (c - d * z)) / curvature;
      if (!(old.scale + change > 0.0)) continue;
      const Line line = encode_line(out_.type, static_cast<float>(old.scale + change), zero);
      const double s = double{line.scale} - old.scale;
      const double gained = gain.of(s, -z * s - shift);
      if (!(gained > best_gain)) continue;
      best_gain = gained;
      best = line;
    }
    return best;
  }

  // The scale and the minimum of one group that are best with all quants fixed.
  void refit_line(std::int64_t begin) {
    const std::int64_t width = std::min<std::int64_t>(kGroupColumns, error_.size() - begin);
    const Line old = out_.line(row_, begin);
    const bool is_affine = has_zero_point(out_.type);
    Vector steps(width);
    for (std::int64_t i = 0; i < width; ++i) {
      steps(i) = static_cast<float>(out_.quant(row_, begin + i)) - (is_affine ? 0.0f : old.zero);
    }
    const auto block = h_.block(begin, begin, width, width);
    const auto slope = slope_.segment(begin, width);
    const Vector block_steps = steps * block;
    const Vector block_ones = block.colwise().sum();
    const double a = block_steps.dot(steps), b = slope.dot(steps);
    const double c = block_ones.dot(steps), d = block_ones.sum(), e = slope.sum();
    const std::optional<Line> found = best_line(old, {a, b, c, d, e});
    if (!found) return;
    const Line line = *found;
    Vector change(width);
    for (std::int64_t i = 0; i < width; ++i) {
      const int quant = out_.quant(row_, begin + i);
      change(i) = line.value(quant) - old.value(quant);
    }
    const float gain = 2.0f * change.dot(slope) - (change * block).dot(change);
    if (!(gain > 0.0f)) return;
    out_.line(row_, begin) = line;
    error_.segment(begin, width) -= change;
    slope_.noalias() -= change * h_.middleRows(begin, width);
  }

  const Matrix& h_;
  std::int64_t row_;
  QuantizedMatrix& out_;
  Vector error_;
  Vector slope_;
};

}  // namespace

Curvature::Curvature(const Matrix& second_moment, float damping) {
  const std::int64_t size = second_moment.rows();
  const double mean =
      second_moment.cast<double>().trace() / static_cast<double>(std::max<std::int64_t>(1, size));
  added_ = static_cast<float>(damping * mean + 1e-12);
  moment_ = second_moment;
  moment_.diagonal().array() += added_;
  // With P the reversal, P H P = L L^T makes P L P an upper triangle whose inverse is the factor.
  factors_.compute(moment_.cast<double>().reverse());
  const WideMatrix upper = WideMatrix(factors_.matrixL()).reverse();
  inverse_factor_ =
      upper.triangularView<Eigen::Upper>().solve(WideMatrix::Identity(size, size)).cast<float>();
}

Matrix Curvature::solve(const WideMatrix& target) const {
  const WideMatrix reversed = target.transpose().colwise().reverse();
  return factors_.solve(reversed).colwise().reverse().transpose().cast<float>();
}

Matrix corrected_weight(const Matrix& weight, const InputStatistics& statistics,
                        const Curvature& curvature) {
  const WideMatrix wide = weight.cast<double>();
  WideMatrix target = double{curvature.added()} * wide;
  if (statistics.output_moment.size() > 0) {
    target += statistics.output_moment.cast<double>();
  } else {
    target += wide * statistics.cross_moment.cast<double>();
  }
  return curvature.solve(target);
}

QuantizedMatrix quantize_matrix(const Matrix& weight, const Curvature& curvature, DataType type,
                                int sweeps, int threads) {
  QuantizedMatrix out(type, weight.rows(), weight.cols());
  const std::int64_t parts = (weight.rows() + kRowsAtOnce - 1) / kRowsAtOnce;
  for_each_index(parts, threads, [&](std::int64_t part, int) {
    const std::int64_t first = part * kRowsAtOnce;
    const std::int64_t count = std::min(kRowsAtOnce, weight.rows() - first);
    Matrix rows = weight.middleRows(first, count);
    compensate_rows(rows, curvature.inverse_factor(), first, out);
    for (std::int64_t row = first; row < first + count; ++row) {
      RowDescent descent(curvature.moment(), row, out);
      descent.start(weight.row(row));
      for (int sweep = 0; sweep < sweeps; ++sweep) {
        descent.refit_lines();
        descent.move_quants();
      }
      descent.refit_lines();
    }
  });
  return out;
}

}  // namespace tessera::calibration
