// A small Llama of random f32 weights, made in memory, for tests that need a whole model.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "generation/text_model.h"
#include "package/manifest.h"

namespace tessera::testing {

struct TinyModelOptions {
  int threads = 1;
  std::uint32_t seed = 1;
  std::string architecture = "llama";
  std::string configuration_extra;  // members put before the defaults, such as R"("head_dim":8,)"
  std::string tokenizer_json;       // empty: no tokenizer
  std::size_t memory_budget_bytes = SIZE_MAX;
  TextModelOptions model;
};

// Vocabulary 40, hidden 32, 2 layers, 4 query heads, 2 key/value heads, context 64.
Manifest tiny_manifest(const TinyModelOptions& options);

// The model, all shards finished.
Result<std::unique_ptr<TextModel>> make_tiny_model(const TinyModelOptions& options);

// The same on a backend of the caller's, whose memory the host can reach.
Result<std::unique_ptr<TextModel>> make_tiny_model(const TinyModelOptions& options,
                                                   std::unique_ptr<Backend> backend);

// A byte-level tokenizer.json of 40 tokens: ids 0..25 are "a".."z", 26 is a space, 27 is a newline,
// 28.. are the bytes of U+00E9 and others, 39 is the special token "<end>".
std::string tiny_tokenizer_json();

}  // namespace tessera::testing
