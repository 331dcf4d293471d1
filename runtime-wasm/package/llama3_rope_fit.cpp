#include "package/llama3_rope_fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace tessera {
namespace {

double wavelength_at(std::size_t index, std::size_t count, double theta) {
  return 2.0 * std::numbers::pi *
         std::pow(theta, static_cast<double>(index) / static_cast<double>(count));
}

double divisor_at(const Llama3RopeScaling& scaling, double wavelength) {
  const double turns = scaling.original_context_tokens / wavelength;
  if (turns > scaling.high_freq_factor) return 1.0;
  if (turns < scaling.low_freq_factor) return scaling.factor;
  const double smooth =
      (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1.0 / ((1.0 - smooth) / scaling.factor + smooth);
}

bool matches(const Llama3RopeScaling& scaling, std::span<const float> divisors, double theta) {
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double expected = divisor_at(scaling, wavelength_at(i, divisors.size(), theta));
    if (!(std::abs(static_cast<double>(divisors[i]) - expected) <= 1e-3 * expected)) return false;
  }
  return true;
}

// On the ramp, smooth = turns * slope + offset is linear in 1 / wavelength; two points on it give
// original / (high - low) and low / (high - low). Only these two matter, so low is set to 1.
std::optional<Llama3RopeScaling> fit_ramp(std::span<const float> divisors, double theta,
                                          double factor) {
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, count = 0;
  for (std::size_t i = 0; i < divisors.size(); ++i) {
    const double divisor = static_cast<double>(divisors[i]);
    if (divisor <= 1.0001 || divisor >= factor * 0.9999) continue;
    const double x = 1.0 / wavelength_at(i, divisors.size(), theta);
    const double y = (1.0 / divisor - 1.0 / factor) / (1.0 - 1.0 / factor);
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
    count += 1;
  }
  const double determinant = count * sum_xx - sum_x * sum_x;
  if (count < 2 || determinant <= 0) return std::nullopt;
  const double slope = (count * sum_xy - sum_x * sum_y) / determinant;
  const double offset = (sum_y - slope * sum_x) / count;
  if (!(slope > 0 && offset < 0)) return std::nullopt;
  Llama3RopeScaling scaling;
  scaling.factor = factor;
  scaling.high_freq_factor = 1.0 - 1.0 / offset;
  scaling.original_context_tokens = std::round(slope * (scaling.high_freq_factor - 1.0));
  return scaling;
}

}  // namespace

std::optional<Llama3RopeScaling> fit_llama3_rope(std::span<const float> divisors, double theta) {
  if (divisors.empty()) return std::nullopt;
  const double factor = static_cast<double>(*std::max_element(divisors.begin(), divisors.end()));
  if (!(factor >= 1.0 && factor < 1e6)) return std::nullopt;
  Llama3RopeScaling published;  // Llama 3.1 and 3.2
  published.factor = factor;
  if (matches(published, divisors, theta)) return published;
  const auto fitted = fit_ramp(divisors, theta, factor);
  return fitted && matches(*fitted, divisors, theta) ? fitted : std::nullopt;
}

}  // namespace tessera
