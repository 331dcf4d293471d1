// TurningMean: the mean of a head's keys that turns with their positions (ops/kv_codec.h): taken
// from keys before they are packed, given back to scores a block of positions at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "backends/cpu/simd/simd.h"
#include "base/half.h"
#include "ops/kv_codec.h"

namespace tessera::cpu {

class TurningMean {
 public:
  // What a score gets back of a pair: its cosine times this, and its sine times that.
  struct Factors {
    float cosine, sine;
  };

  // A pair of elements and their mean.
  struct Pair {
    std::int32_t pair;
    float first, second;
  };

  // `mean` [head_size] f16. REQUIRES: the codec's turns are there.
  TurningMean(const TensorRef& turns, const std::uint16_t* mean) noexcept
      : table_(reinterpret_cast<const float*>(turns.host_bytes())),
        columns_(turns.shape[1]),
        pairs_(turns.shape[0] / 2) {
    for (std::int64_t pair = 0; pair < pairs_; ++pair) {
      const float first = half_to_float(mean[pair]), second = half_to_float(mean[pair + pairs_]);
      if (first == 0.0f && second == 0.0f) continue;
      turning_[count_++] = {static_cast<std::int32_t>(pair), first, second};
    }
  }

  // How many of a head's first elements turn.
  std::int64_t elements() const noexcept { return 2 * pairs_; }

  // How many pairs have a mean, and so a score has factors.
  std::size_t count() const noexcept { return count_; }

  // x -= R(position) mean, for elements that turn.
  void subtract(std::int64_t position, float* x) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      const auto [pair, first, second] = turning_[i];
      const Factors turn = turn_of(pair, position);
      x[pair] -= first * turn.cosine - second * turn.sine;
      x[pair + pairs_] -= second * turn.cosine + first * turn.sine;
    }
  }

  // Leaves count() factors of the query's scores.
  void read_query(const float* query, Factors* factors) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      const auto [pair, first, second] = turning_[i];
      const std::int64_t other = pair + pairs_;
      factors[i] = {query[pair] * first + query[other] * second,
                    query[other] * first - query[pair] * second};
    }
  }

  // The factors with which positions count from `first` on.
  void move_to(std::int64_t first, const Factors* factors, Factors* moved) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      const Factors turn = turn_of(turning_[i].pair, first);
      moved[i] = {factors[i].cosine * turn.cosine + factors[i].sine * turn.sine,
                  factors[i].sine * turn.cosine - factors[i].cosine * turn.sine};
    }
  }

  // Scores up to the next multiple of this are written.
  static constexpr std::int64_t kScoresTogether = 4 * simd::kLanes;

  // Adds to the scores of `count` positions what moved factors say. REQUIRES: count <=
  // kKvTurnPositions.
  void add_to_scores(const Factors* moved, std::int64_t count, float* scores) const noexcept {
    for (std::int64_t k = 0; k < count; k += kScoresTogether) add_to_some(moved, k, scores + k);
  }

 private:
  // From position `first` on.
  void add_to_some(const Factors* moved, std::int64_t first, float* scores) const noexcept {
    simd::F32 sums[4];
    for (int v = 0; v < 4; ++v) sums[v] = simd::load(scores + v * simd::kLanes);
    for (std::size_t i = 0; i < count_; ++i) {
      const float* cosines = table_ + turning_[i].pair * columns_ + first;
      const float* sines = cosines + pairs_ * columns_;
      const simd::F32 of_cosine = simd::splat(moved[i].cosine);
      const simd::F32 of_sine = simd::splat(moved[i].sine);
      for (int v = 0; v < 4; ++v) {
        const int at = v * simd::kLanes;
        sums[v] = simd::multiply_add(simd::load(cosines + at), of_cosine, sums[v]);
        sums[v] = simd::multiply_add(simd::load(sines + at), of_sine, sums[v]);
      }
    }
    for (int v = 0; v < 4; ++v) simd::store(scores + v * simd::kLanes, sums[v]);
  }

  // The cosine and sine of a pair's angle at a position.
  Factors turn_of(std::int64_t pair, std::int64_t position) const noexcept {
    const float* cosines = table_ + pair * columns_;
    const float* sines = cosines + pairs_ * columns_;
    const std::int64_t near = position % kKvTurnPositions;
    const std::int64_t far = kKvTurnPositions + position / kKvTurnPositions;
    return {cosines[near] * cosines[far] - sines[near] * sines[far],
            sines[near] * cosines[far] + cosines[near] * sines[far]};
  }

  const float* table_;
  std::int64_t columns_;
  std::int64_t pairs_;
  std::size_t count_ = 0;
  std::array<Pair, kKvHeadSizeMax / 2> turning_;  // those that have a mean
};

}  // namespace tessera::cpu
