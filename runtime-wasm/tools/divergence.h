// How far a model's distribution of the next token is from another's.
#pragma once

#include <span>

namespace tessera {

// log(sum(exp(logits)))
double log_sum_of_exp(std::span<const float> logits);

// KL(other || ours) of the distributions that logits stand for, in nats.
double kl_divergence(std::span<const float> ours, std::span<const float> other);

}  // namespace tessera
