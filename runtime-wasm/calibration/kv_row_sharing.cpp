#include "calibration/kv_row_sharing.h"

#include <algorithm>

namespace tessera::calibration {
namespace {

// The rows of one layer's keys or values.
struct Rows {
  std::vector<double> divergences;  // by bytes, from the least that a row can have on
  std::int64_t extra_bytes = 0;     // beyond the least

  bool is_whole() const { return extra_bytes + 1 == std::ssize(divergences); }

  // The most that a byte more saves, if up to kAhead of them are added; less than nothing if none
  // can be.
  double gain() const {
    constexpr std::int64_t kAhead = 4;
    if (is_whole()) return -1.0;
    double most = 0.0;
    for (std::int64_t step = 1; step <= kAhead; ++step) {
      if (extra_bytes + step >= std::ssize(divergences)) break;
      const double saved = at(extra_bytes) - at(extra_bytes + step);
      most = std::max(most, saved / static_cast<double>(step));
    }
    return most;
  }

  double at(std::int64_t extra) const { return divergences[static_cast<std::size_t>(extra)]; }
};

Rows rows_of(double divergence, std::int64_t row_bytes, std::int64_t head_size,
             KvSpectrum spectrum) {
  const double factor = divergence / kv_row_error(row_bytes, head_size, spectrum);
  Rows rows;
  for (std::int64_t bytes = kv_row_bytes_min(head_size); bytes <= kv_row_bytes_max(head_size);
       ++bytes) {
    rows.divergences.push_back(factor * kv_row_error(bytes, head_size, spectrum));
  }
  return rows;
}

}  // namespace

std::vector<KvLayerRows> share_kv_rows(KvType type, std::int64_t head_size,
                                       std::span<const KvSensitivity> layers) {
  std::vector<Rows> all;
  for (const KvSensitivity& layer : layers) {
    all.push_back(rows_of(layer.key_divergence, layer.row_bytes, head_size, KvSpectrum::kKeys));
    all.push_back(rows_of(layer.value_divergence, layer.row_bytes, head_size, KvSpectrum::kValues));
  }
  const std::int64_t least = kv_row_bytes_min(head_size);
  std::int64_t left = std::ssize(all) * (kv_row_bytes(type, head_size) - least);
  if (type == KvType::k2) left = std::max(left, std::ssize(all) * (2 * head_size - 7 * least) / 7);
  for (; left > 0; --left) {
    const auto best = std::ranges::max_element(all, {}, &Rows::gain);
    if (best->is_whole()) break;
    ++best->extra_bytes;
  }
  std::vector<KvLayerRows> sizes;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    sizes.push_back({static_cast<std::int32_t>(least + all[i].extra_bytes),
                     static_cast<std::int32_t>(least + all[i + 1].extra_bytes)});
  }
  return sizes;
}

}  // namespace tessera::calibration
