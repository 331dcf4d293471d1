// Codecs of packed KV caches for tests, and what their caches stand for, in double precision.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/half.h"
#include "ops/kv_codec.h"
#include "support/random_values.h"

namespace tessera::testing {

// The numbers of a codec whose matrices are reflections I - 2 v v^T, another one for every head,
// and whose mean is not zero.
inline std::vector<float> reflecting_codec(std::int64_t heads, std::int64_t head_size,
                                           RandomValues& random) {
  std::vector<float> numbers;
  for (std::int64_t head = 0; head < heads; ++head) {
    auto direction = random.uniform(head_size, 1.0f);
    float square = 0.0f;
    for (const float x : direction) square += x * x;
    for (int half = 0; half < 2; ++half) {
      for (std::int64_t i = 0; i < head_size; ++i) {
        for (std::int64_t j = 0; j < head_size; ++j) {
          const float outer = direction[static_cast<std::size_t>(i)] *
                              direction[static_cast<std::size_t>(j)] / square;
          numbers.push_back((i == j ? 1.0f : 0.0f) - 2.0f * outer);
        }
      }
    }
    for (const float x : random.uniform(head_size, 0.5f)) numbers.push_back(x);
    numbers.insert(numbers.end(), static_cast<std::size_t>(head_size), 1.0f);
  }
  for (float& number : numbers) number = half_to_float(float_to_half(number));
  return numbers;
}

// Of as many pairs as a head with a mean that turns has in tests: some heads have more elements.
inline std::vector<float> turning_frequencies(std::int64_t head_size) {
  const std::int64_t pairs = head_size == 80 ? 20 : head_size / 2;
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < pairs; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(pairs);
    frequencies.push_back(static_cast<float>(std::pow(10000.0, -share)));
  }
  return frequencies;
}

// The mean of a head turned to a position; without frequencies, as it is.
inline std::vector<double> turned_mean(const float* mean, std::size_t size,
                                       const std::vector<float>& frequencies,
                                       std::int64_t position) {
  std::vector<double> turned(mean, mean + size);
  const std::size_t pairs = frequencies.size();
  for (std::size_t i = 0; i < pairs; ++i) {
    const double angle = static_cast<double>(position) * static_cast<double>(frequencies[i]);
    const double first = mean[i], second = mean[i + pairs];
    turned[i] = first * std::cos(angle) - second * std::sin(angle);
    turned[i + pairs] = second * std::cos(angle) + first * std::sin(angle);
  }
  return turned;
}

// mean + B z of one row of a packed cache; `codec` as reflecting_codec gives it, its mean turned to
// the position if there are frequencies.
inline std::vector<double> unpacked_row(const KvRowFormat& format, const std::uint8_t* row,
                                        const std::vector<float>& codec, std::int64_t head,
                                        std::int64_t head_size,
                                        const std::vector<float>& frequencies = {},
                                        std::int64_t position = 0) {
  const auto size = static_cast<std::size_t>(head_size);
  const double scale = std::ldexp(1.0 + row[0] % 8 / 8.0, static_cast<int>(row[0]) / 8 - 20);
  std::vector<double> z;
  for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
    const int width = format.widths[run];
    for (int i = 0; i < width; ++i) {
      const double steps = width == 1 ? static_cast<std::int8_t>(row[1 + run])
                                      : kv_codebook(width)[row[1 + run] * width + i];
      z.push_back(scale * steps / 32.0);
    }
  }
  const float* numbers =
      codec.data() + static_cast<std::size_t>(head * KvCodec::rows_of_head(head_size)) * size;
  std::vector<double> x = turned_mean(numbers + 2 * size * size, size, frequencies, position);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) x[i] += numbers[(size + i) * size + j] * z[j];
  }
  return x;
}

}  // namespace tessera::testing
