// RotationTable: cosines and sines of every position's angles. All layers of a model ask for the
// same ones, so the table is kept until positions, frequencies or scale change.
#pragma once

#include <cstdint>
#include <span>

#include "backends/cpu/scratch.h"
#include "backends/cpu/thread_pool.h"
#include "base/result.h"

namespace tessera::cpu {

class RotationTable {
 public:
  RotationTable(Scratch::Take take, Scratch::GiveBack give_back)
      : memory_(std::move(take), std::move(give_back)) {}

  // For every position its row: scale * cos(position * frequency) for every frequency, then scale *
  // sin. Valid until the next call. Errors: kOutOfMemory.
  Result<const float*> rows(std::span<const std::int32_t> positions,
                            std::span<const float> frequencies, float scale, ThreadPool& threads);

 private:
  bool matches(std::span<const std::int32_t> positions, std::span<const float> frequencies,
               float scale) const;

  Scratch memory_;  // rows, then copies of what they were made from
  std::span<float> rows_;
  std::span<float> frequencies_;
  std::span<std::int32_t> positions_;
  float scale_ = 0.0f;
};

}  // namespace tessera::cpu
