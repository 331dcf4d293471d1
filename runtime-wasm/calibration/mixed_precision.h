// Mixed precision: how much each matrix costs the model's output in each format, and the best
// choice of formats under a budget of bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "calibration/full_model.h"
#include "calibration/grid.h"

namespace tessera::calibration {

struct FormatChoice {
  DataType type = DataType::kQ2;
  std::uint64_t size_bytes = 0;
  double divergence = 0.0;  // of the output distribution, in nats a token
};

struct MatrixChoices {
  std::string name;
  std::vector<FormatChoice> formats;  // smallest first
  std::size_t chosen = 0;             // an index of `formats`
};

// The formats that a matrix may get, smallest first.
inline constexpr DataType kMixedTypes[] = {DataType::kQ2, DataType::kQ3, DataType::kQ4S,
                                           DataType::kQ4, DataType::kQ8};

// Every weight rounded by itself, lines fitted to the weights alone.
QuantizedMatrix round_matrix(const Matrix& weight, DataType type, int threads);

// For every linear layer, the embedding and the output: mean KL(full || quantized) over `texts`
// when that matrix alone is rounded to 3 bits, and for the other formats that figure times the
// ratio of their squared errors, to which the divergence is proportional where it is small (its
// second-order expansion; Dong et al., "HAWQ-V2", 2020, section 3). Errors: those of reading the
// source.
Result<std::vector<MatrixChoices>> measure_divergences(
    const ModelSource& source, const DecoderConfiguration& configuration, const Texts& texts,
    int threads, const std::function<void(std::size_t done, std::size_t total)>& on_progress);

// Sets `chosen` so that the sum of divergences is small and all matrices together take at most
// `budget_bytes`: from the smallest formats on, the change that gains most for its bytes is made
// until none fits. Errors: kInvalidArgument if not even the smallest fit, naming what would.
Result<void> choose_formats(std::span<MatrixChoices> matrices, std::uint64_t budget_bytes);

}  // namespace tessera::calibration
