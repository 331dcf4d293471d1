#include "backends/cpu/rotation_table.h"

#include <algorithm>
#include <cmath>

namespace tessera::cpu {
namespace {

// The angle reaches thousands of radians: in float32 its own rounding would cost 1e-4 and more, so
// it is formed and reduced in double.
void fill_row(std::int32_t position, std::span<const float> frequencies, float scale,
              float* row) noexcept {
  const std::size_t count = frequencies.size();
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = static_cast<double>(position) * static_cast<double>(frequencies[i]);
    row[i] = static_cast<float>(std::cos(angle)) * scale;
    row[count + i] = static_cast<float>(std::sin(angle)) * scale;
  }
}

}  // namespace

bool RotationTable::matches(std::span<const std::int32_t> positions,
                            std::span<const float> frequencies, float scale) const {
  return scale == scale_ && std::ranges::equal(positions, positions_) &&
         std::ranges::equal(frequencies, frequencies_);
}

Result<const float*> RotationTable::rows(std::span<const std::int32_t> positions,
                                         std::span<const float> frequencies, float scale,
                                         ThreadPool& threads) {
  if (matches(positions, frequencies, scale)) return rows_.data();
  const std::size_t row_size = 2 * frequencies.size();
  const std::size_t table_size = row_size * positions.size();
  positions_ = {};  // what memory_ held is gone, also if it cannot be had anew
  TESSERA_TRY(std::byte * memory,
              memory_.reserve((table_size + frequencies.size()) * sizeof(float) +
                              positions.size() * sizeof(std::int32_t)));
  rows_ = {reinterpret_cast<float*>(memory), table_size};
  frequencies_ = {rows_.data() + table_size, frequencies.size()};
  positions_ = {reinterpret_cast<std::int32_t*>(frequencies_.data() + frequencies.size()),
                positions.size()};
  std::ranges::copy(positions, positions_.begin());
  std::ranges::copy(frequencies, frequencies_.begin());
  scale_ = scale;
  threads.for_each_part(static_cast<std::int64_t>(positions.size()), [&](std::int64_t t, int) {
    const auto token = static_cast<std::size_t>(t);
    fill_row(positions[token], frequencies, scale, rows_.data() + token * row_size);
  });
  return rows_.data();
}

}  // namespace tessera::cpu
