// Texts that a model writes itself, to learn from where no data is at hand (Liu et al., "LLM-QAT",
// 2023, section 3.1).
#pragma once

#include <functional>

#include "calibration/full_model.h"

namespace tessera::calibration {

// A text with what the full model makes of it.
struct TaughtText {
  Tokens tokens;
  Matrix states;  // final_states of the full model, [tokens, hidden_size]
};

struct SelfTextOptions {
  std::size_t window_tokens = 256;
  std::uint64_t seed = 1;
  int threads = 1;
  // In tokens that each text has grown by.
  std::function<void(std::size_t done, std::size_t total)> on_progress;
};

// Where texts begin: every third, or every second if there are several `openings`, with one of
// those in turn, if there are any; the others with a few tokens of `texts`, spread over them. The
// same for the same arguments. REQUIRES: texts and openings that are not empty.
Texts make_prompts(const Texts& texts, const Texts& openings, std::size_t count);

// One text for every prompt: the prompt and what the model goes on with, drawn from its
// distribution at temperature 1. The same texts for the same arguments, whatever the threads.
// REQUIRES: prompts of 1 to window_tokens ids below the vocabulary's size.
std::vector<TaughtText> write_texts(const FullModel& model, const Texts& prompts,
                                    const SelfTextOptions& options);

}  // namespace tessera::calibration
