// Every op in double precision, written as its formula reads, with no regard to speed. All arrays
// are dense and row-major, in the shapes that the ops' headers give.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tessera::reference {

using Values = std::vector<double>;

inline std::size_t at(std::int64_t index) {
  return static_cast<std::size_t>(index);
}

template <typename T>
Values widen(const std::vector<T>& values) {
  return Values(values.begin(), values.end());
}

// A result, and what its rounding errors are measured against: the sum of all magnitudes that were
// added up to form each element.
struct Sums {
  Values values;
  Values magnitudes;
};

inline Sums matmul(const Values& x, const Values& weight, const Values& bias, std::int64_t tokens,
                   std::int64_t rows, std::int64_t columns) {
  Sums out;
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t r = 0; r < rows; ++r) {
      double sum = bias.empty() ? 0.0 : bias[at(r)];
      double magnitude = std::fabs(sum);
      for (std::int64_t i = 0; i < columns; ++i) {
        const double product = x[at(t * columns + i)] * weight[at(r * columns + i)];
        sum += product;
        magnitude += std::fabs(product);
      }
      out.values.push_back(sum);
      out.magnitudes.push_back(magnitude);
    }
  }
  return out;
}

inline Values rms_norm(const Values& x, const Values& weight, double epsilon) {
  const std::size_t width = weight.size();
  Values out(x.size());
  for (std::size_t row = 0; row < x.size(); row += width) {
    double sum = 0.0;
    for (std::size_t i = 0; i < width; ++i) sum += x[row + i] * x[row + i];
    const double root = std::sqrt(sum / static_cast<double>(width) + epsilon);
    for (std::size_t i = 0; i < width; ++i) out[row + i] = x[row + i] / root * weight[i];
  }
  return out;
}

inline Values rope(Values x, const std::vector<std::int32_t>& positions, const Values& frequencies,
                   double attention_scale, std::int64_t heads, std::int64_t head_size) {
  const auto half = static_cast<std::int64_t>(frequencies.size());
  for (std::int64_t t = 0; t < static_cast<std::int64_t>(positions.size()); ++t) {
    for (std::int64_t h = 0; h < heads; ++h) {
      for (std::int64_t i = 0; i < half; ++i) {
        double& first = x[at((t * heads + h) * head_size + i)];
        double& second = x[at((t * heads + h) * head_size + i + half)];
        const double angle = positions[at(t)] * frequencies[at(i)];
        const double cosine = std::cos(angle) * attention_scale;
        const double sine = std::sin(angle) * attention_scale;
        const double rotated = first * cosine - second * sine;
        second = second * cosine + first * sine;
        first = rotated;
      }
    }
  }
  return x;
}

struct AttentionShape {
  std::int64_t tokens = 0;
  std::int64_t query_heads = 0;
  std::int64_t key_value_heads = 0;
  std::int64_t context_tokens_max = 0;
  std::int64_t head_size = 0;
  double scale = 1.0;
  std::int64_t window_tokens = 0;
};

inline Values attention(const AttentionShape& shape, const Values& query, const Values& keys,
                        const Values& values, const std::vector<std::int32_t>& positions) {
  Values out(query.size());
  const std::int64_t group = shape.query_heads / std::max<std::int64_t>(1, shape.key_value_heads);
  for (std::int64_t t = 0; t < shape.tokens; ++t) {
    for (std::int64_t h = 0; h < shape.query_heads; ++h) {
      const std::int64_t row = (t * shape.query_heads + h) * shape.head_size;
      const std::int64_t cache = h / group * shape.context_tokens_max * shape.head_size;
      const std::int64_t position = positions[at(t)];
      Values scores;
      std::vector<std::int64_t> seen;
      for (std::int64_t p = 0; p <= position; ++p) {
        if (shape.window_tokens > 0 && p <= position - shape.window_tokens) continue;
        double score = 0.0;
        for (std::int64_t i = 0; i < shape.head_size; ++i) {
          score += query[at(row + i)] * keys[at(cache + p * shape.head_size + i)];
        }
        scores.push_back(score * shape.scale);
        seen.push_back(p);
      }
      const double maximum = *std::max_element(scores.begin(), scores.end());
      double sum = 0.0;
      for (double& score : scores) sum += score = std::exp(score - maximum);
      for (std::size_t s = 0; s < scores.size(); ++s) {
        for (std::int64_t i = 0; i < shape.head_size; ++i) {
          out[at(row + i)] += scores[s] / sum * values[at(cache + seen[s] * shape.head_size + i)];
        }
      }
    }
  }
  return out;
}

inline double silu(double x) {
  return x / (1.0 + std::exp(-x));
}
inline double gelu(double x) {
  return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
}
inline double gelu_tanh(double x) {
  const double pi = std::acos(-1.0);
  return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / pi) * (x + 0.044715 * x * x * x)));
}
inline double relu(double x) {
  return std::max(x, 0.0);
}

}  // namespace tessera::reference
