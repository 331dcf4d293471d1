// Quantizes one matrix so that its outputs, not its weights, stay close.
#pragma once

#include "calibration/grid.h"
#include "calibration/matrix.h"

namespace tessera::calibration {

// Statistics of a linear layer's inputs over all calibration tokens. x is what the full model feeds
// it, x' what the model feeds it whose earlier layers are quantized.
struct InputStatistics {
  Matrix second_moment;  // sum of x'^T x', [columns, columns]
  Matrix cross_moment;   // sum of x^T x'
  Matrix residual;       // sum of r^T x', [rows, columns], or empty: r is what the residual stream
                         // has lost before this layer's output is added to it
};

// The weights that, fed with x', give the full model's outputs best: least squares, with `damping`
// times the mean second moment added, which keeps close to `weight` where inputs say nothing.
// (The correction of the input is that of GPTAQ, Li et al., 2025, section 3, in closed form.)
Matrix corrected_weight(const Matrix& weight, const InputStatistics& statistics, float damping);

// Minimizes tr((W - Q) H (W - Q)^T) over the grid of `type`, H the damped second moment:
//   1. column by column, each error made up for by the columns still to come (Frantar et al.,
//      "GPTQ", 2023, section 3), lines fitted group by group to what is left there;
//   2. `sweeps` times: lines refitted by least squares, then every quant moved to where the
//      objective is least with the others fixed (Behdin et al., "QuantEase", 2023, section 3).
QuantizedMatrix quantize_matrix(const Matrix& weight, const Matrix& second_moment, DataType type,
                                float damping, int sweeps, int threads);

}  // namespace tessera::calibration
