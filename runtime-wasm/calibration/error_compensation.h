// Quantizes one matrix so that its outputs, not its weights, stay close.
#pragma once

#include "calibration/grid.h"
#include "calibration/matrix.h"

namespace tessera::calibration {

// Statistics of a linear layer's inputs over all calibration tokens. x is what the full model feeds
// it, x' what the model feeds it whose earlier layers are quantized. Of the last two one is empty.
struct InputStatistics {
  Matrix second_moment;  // sum of x'^T x', [columns, columns]
  Matrix cross_moment;   // sum of x^T x'
  Matrix output_moment;  // sum of y^T x', [rows, columns]: y is what the layer should give, without
                         // its bias
};

// The damped second moment of a layer's inputs, and what solving with it takes: made once for all
// layers that have the same inputs.
class Curvature {
 public:
  // `damping` times the mean second moment is added to each.
  Curvature(const Matrix& second_moment, float damping);

  const Matrix& moment() const { return moment_; }
  const Matrix& inverse_factor() const { return inverse_factor_; }
  float added() const { return added_; }  // to the diagonal
  // x with x * moment = target
  Matrix solve(const Eigen::MatrixXd& target) const;

 private:
  float added_ = 0.0f;
  Eigen::LLT<Eigen::MatrixXd> factors_;  // with rows and columns in reverse
  Matrix moment_;
  Matrix inverse_factor_;  // upper triangle U, the moment's inverse being U^T U
};

// The weights that, fed with x', give the wanted outputs best: least squares, where damping keeps
// close to `weight` what inputs say nothing about. `curvature` is that of the second moment.
// (The correction of the input is that of GPTAQ, Li et al., 2025, section 3, in closed form.)
Matrix corrected_weight(const Matrix& weight, const InputStatistics& statistics,
                        const Curvature& curvature);

// Minimizes tr((W - Q) H (W - Q)^T) over the grid of `type`, H the damped second moment:
//   1. column by column, each error made up for by the columns still to come (Frantar et al.,
//      "GPTQ", 2023, section 3), lines fitted group by group to what is left there;
//   2. `sweeps` times: lines refitted by least squares, then every quant moved to where the
//      objective is least with the others fixed (Behdin et al., "QuantEase", 2023, section 3).
QuantizedMatrix quantize_matrix(const Matrix& weight, const Curvature& curvature, DataType type,
                                int sweeps, int threads);

}  // namespace tessera::calibration
