#include "tools/divergence.h"

#include <algorithm>
#include <cmath>

namespace tessera {

double log_sum_of_exp(std::span<const float> logits) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  return std::log(sum) + highest;
}

double kl_divergence(std::span<const float> ours, std::span<const float> other) {
  const double our_sum = log_sum_of_exp(ours), other_sum = log_sum_of_exp(other);
  double divergence = 0.0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double log_other = static_cast<double>(other[i]) - other_sum;
    divergence += std::exp(log_other) * (log_other - (static_cast<double>(ours[i]) - our_sum));
  }
  return std::max(0.0, divergence);
}

}  // namespace tessera
