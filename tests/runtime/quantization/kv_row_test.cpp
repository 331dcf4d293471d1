// Rows of packed KV caches: their formats for every head size, and what they lose.
#include "quantization/kv_row.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "support/random_values.h"

namespace tessera {
namespace {

using testing::RandomValues;

constexpr KvType kTypes[] = {KvType::k8, KvType::k4, KvType::k3, KvType::k2};
constexpr KvSpectrum kSpectra[] = {KvSpectrum::kFlat, KvSpectrum::kKeys, KvSpectrum::kValues};

std::vector<float> normal_values(std::size_t count, RandomValues& random) {
  // The sum of 12 uniform numbers of variance 1/12 each.
  std::vector<float> values(count);
  for (float& value : values) {
    for (const float part : random.uniform(12, 0.5f)) value += part;
  }
  return values;
}

std::vector<float> round_trip(const KvRowFormat& format, const std::vector<float>& z) {
  const std::vector<float> weights(z.size(), 1.0f);
  std::vector<std::uint8_t> row(static_cast<std::size_t>(format.size_bytes()));
  encode_kv_row(format, z.data(), weights.data(), row.data());
  std::vector<float> out(z.size() + kKvRunWidthMax);
  decode_kv_row(format, row.data(), out.data());
  out.resize(z.size());
  return out;
}

}  // namespace

TEST_CASE("kv rows have runs for every head size, narrow ones first, in the bytes of their type") {
  for (const KvType type : kTypes) {
    for (std::int64_t size = 1; size <= kKvHeadSizeMax; ++size) {
      for (const KvSpectrum spectrum : kSpectra) {
        const KvRowFormat format = kv_row_format(kv_row_bytes(type, size), size, spectrum);
        REQUIRE(format.size_bytes() == kv_row_bytes(type, size));
        std::int64_t sum = 0;
        for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
          const int width = format.widths[run];
          REQUIRE((width == 1 || kv_codebook(width) != nullptr));
          REQUIRE((run == 0 || width >= format.widths[run - 1]));
          sum += width;
        }
        REQUIRE(sum == size);
      }
    }
  }
}

TEST_CASE(
    "kv rows can be cut in every size between the least and the most, each better than the last") {
  for (const std::int64_t size : {1, 7, 33, 64, 80}) {
    for (const KvSpectrum spectrum : kSpectra) {
      double before = 1.0;
      for (auto bytes = kv_row_bytes_min(size); bytes <= kv_row_bytes_max(size); ++bytes) {
        REQUIRE(kv_row_format(bytes, size, spectrum).size_bytes() == bytes);
        const double error = kv_row_error(bytes, size, spectrum);
        CHECK(error < before);
        before = error;
      }
    }
  }
}

TEST_CASE("kv rows of 2 bits are at least 7 times smaller than f16 for common head sizes") {
  for (const std::int64_t size : {32, 48, 64, 80, 96, 128, 256}) {
    CHECK(7 * kv_row_bytes(KvType::k2, size) <= 2 * size);
  }
}

TEST_CASE("kv rows lose the more the fewer bits they have, and no more than their share") {
  RandomValues random(71);
  // Of the energy. Four coordinates a code, as heads of 48 have at 2 bits, lose 0.094.
  const double bounds[] = {2e-4, 0.012, 0.035, 0.1};
  for (const std::int64_t size : {48, 64, 80, 128}) {
    double before = 0.0;
    for (std::size_t t = 0; t < 4; ++t) {
      const KvRowFormat format =
          kv_row_format(kv_row_bytes(kTypes[t], size), size, KvSpectrum::kFlat);
      double error = 0.0, energy = 0.0;
      for (int repeat = 0; repeat < 50; ++repeat) {
        auto z = normal_values(static_cast<std::size_t>(size), random);
        for (float& x : z) x *= 37.0f;
        const auto out = round_trip(format, z);
        for (std::size_t i = 0; i < z.size(); ++i) {
          error += (static_cast<double>(out[i]) - z[i]) * (static_cast<double>(out[i]) - z[i]);
          energy += static_cast<double>(z[i]) * z[i];
        }
      }
      INFO(kv_type_name(kTypes[t]) << ", heads of " << size << ": " << error / energy);
      CHECK(error / energy < bounds[t]);
      CHECK(error / energy > before);
      before = error / energy;
    }
  }
}

TEST_CASE("kv rows keep zeros near zero and hold numbers of any magnitude") {
  for (const KvType type : kTypes) {
    const KvRowFormat format = kv_row_format(kv_row_bytes(type, 20), 20, KvSpectrum::kFlat);
    for (const float zero : round_trip(format, std::vector<float>(20, 0.0f))) {
      CHECK(std::fabs(zero) < 1e-5f);
    }
    for (const float magnitude : {1e-3f, 1.0f, 3000.0f}) {
      std::vector<float> z(20, magnitude);
      z[7] = -magnitude;
      for (std::size_t i = 0; i < z.size(); ++i) {
        CHECK(std::fabs(round_trip(format, z)[i] - z[i]) < 0.9f * magnitude);
      }
    }
  }
}

TEST_CASE("kv rows weigh errors: a heavy coordinate decides about the scale") {
  const KvRowFormat format = kv_row_format(kv_row_bytes(KvType::k2, 64), 64, KvSpectrum::kKeys);
  REQUIRE(format.widths[0] == 1);
  RandomValues random(72);
  auto z = normal_values(64, random);
  z[0] = 9.0f;  // far beyond what the others' scale can hold
  std::vector<float> weights(64, 1e-4f);
  weights[0] = 60.0f;
  std::vector<std::uint8_t> row(static_cast<std::size_t>(format.size_bytes()));
  encode_kv_row(format, z.data(), weights.data(), row.data());
  std::vector<float> out(64 + kKvRunWidthMax);
  decode_kv_row(format, row.data(), out.data());
  CHECK(std::fabs(out[0] - 9.0f) < 0.2f);
}

TEST_CASE("kv types have the names that people give them") {
  CHECK(kv_type_from_name("f16") == KvType::kF16);
  CHECK(kv_type_from_name("2") == KvType::k2);
  CHECK(kv_type_name(KvType::k8) == "8");
  for (const std::string name : {"", "5", "kv2", "q4", "i32"}) CHECK(!kv_type_from_name(name));
}

}  // namespace tessera
