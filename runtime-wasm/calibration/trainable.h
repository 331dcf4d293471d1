// Parameters that gradient descent moves: vectors as they are, and matrices behind the quants,
// scales and zero points of their formats.
#pragma once

#include "calibration/grid.h"
#include "calibration/matrix.h"

namespace tessera::calibration {

// One step of Adam (Kingma and Ba, 2015, section 2).
struct AdamStep {
  float rate = 0.0f;
  std::int64_t index = 1;       // from 1
  float gradient_scale = 1.0f;  // the gradient is multiplied with it first
};

// Moments of a parameter of the given shape.
class Adam {
 public:
  Adam() = default;
  Adam(Eigen::Index rows, Eigen::Index columns);

  void update(Eigen::Ref<Matrix> parameter, const Eigen::Ref<const Matrix>& gradient,
              const AdamStep& step);

 private:
  Matrix mean_, square_;
};

// A matrix of a quantized format, with a float behind every quant. Going forward it has the values
// that the package's format gives it; going back, rounding counts as the identity (Bengio et al.,
// 2013), scales as learned steps (Esser et al., "Learned Step Size Quantization", 2020).
class TrainableMatrix {
 public:
  // Starts where `start` is, with the floats behind the quants as near to `target` as the same
  // quants allow.
  TrainableMatrix(const QuantizedMatrix& start, const Matrix& target);

  // `gradient` is that with respect to the values. It is overwritten.
  void update(Matrix& gradient, const AdamStep& step);
  void write_values(Matrix& values) const;
  QuantizedMatrix quantized() const;

 private:
  Line line(Eigen::Index row, Eigen::Index group) const;

  DataType type_;
  Matrix latent_, log_scale_, sign_, zero_;
  Adam latent_moments_, log_scale_moments_, zero_moments_;
};

}  // namespace tessera::calibration
