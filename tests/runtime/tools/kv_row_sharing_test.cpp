// How the bytes of a packed KV cache are shared out among layers.
#include "calibration/kv_row_sharing.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>

namespace tessera {
namespace {

using calibration::KvSensitivity;
using calibration::share_kv_rows;

std::int64_t sum_of(const std::vector<KvLayerRows>& rows) {
  return std::accumulate(rows.begin(), rows.end(), std::int64_t{0},
                         [](std::int64_t sum, const KvLayerRows& layer) {
                           return sum + layer.key_bytes + layer.value_bytes;
                         });
}

// What the rows lose if divergences are proportional to errors and add up.
double loss_of(const std::vector<KvLayerRows>& rows, const std::vector<KvSensitivity>& layers) {
  double sum = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto error = [&](std::int64_t bytes, KvSpectrum spectrum) {
      return kv_row_error(bytes, 64, spectrum) / kv_row_error(layers[i].row_bytes, 64, spectrum);
    };
    sum += layers[i].key_divergence * error(rows[i].key_bytes, KvSpectrum::kKeys);
    sum += layers[i].value_divergence * error(rows[i].value_bytes, KvSpectrum::kValues);
  }
  return sum;
}

const std::vector<KvSensitivity> kLayers = {
    {18, 0.004, 0.018}, {18, 0.003, 0.005}, {18, 0.008, 0.003}, {18, 0.0, 0.004}};

}  // namespace

TEST_CASE("rows of all layers take together what they would all the same size, or a 7th of f16") {
  CHECK(sum_of(share_kv_rows(KvType::k4, 64, kLayers)) == 8 * 36);
  CHECK(sum_of(share_kv_rows(KvType::k3, 64, kLayers)) == 8 * 28);
  CHECK(sum_of(share_kv_rows(KvType::k2, 64, kLayers)) == 8 * 128 / 7);
  // Where the least that a row can have is more, it is that.
  const std::vector<KvSensitivity> small(4, {4, 0.01, 0.02});
  CHECK(sum_of(share_kv_rows(KvType::k2, 7, small)) == 8 * kv_row_bytes_min(7));
  CHECK(sum_of(share_kv_rows(KvType::k8, 64, kLayers)) == 8 * 65);
}

TEST_CASE("no byte moved from one row to another makes rows lose less") {
  for (const KvType type : {KvType::k4, KvType::k3, KvType::k2}) {
    auto rows = share_kv_rows(type, 64, kLayers);
    const double loss = loss_of(rows, kLayers);
    CHECK(rows[0].value_bytes > rows[1].value_bytes);
    CHECK(rows[2].key_bytes > rows[0].key_bytes);
    CHECK(rows[3].key_bytes == kv_row_bytes_min(64));
    const auto size_at = [&](std::size_t i) -> std::int32_t& {
      return i % 2 == 0 ? rows[i / 2].key_bytes : rows[i / 2].value_bytes;
    };
    for (std::size_t from = 0; from < 8; ++from) {
      for (std::size_t to = 0; to < 8; ++to) {
        if (from == to || size_at(from) == kv_row_bytes_min(64)) continue;
        --size_at(from);
        ++size_at(to);
        CHECK(loss_of(rows, kLayers) >= 0.99 * loss);
        ++size_at(from);
        --size_at(to);
      }
    }
  }
}

}  // namespace tessera
