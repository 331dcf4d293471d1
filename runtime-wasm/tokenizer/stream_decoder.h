// Streaming detokenization: token ids in, text out as soon as it is certain.
#pragma once

#include <cstdint>
#include <string>

#include "tokenizer/decoder.h"
#include "tokenizer/tokenizer.h"

namespace tessera {

// The deltas of all pushes and of finish, joined, are what Tokenizer::decode gives for all ids.
// No delta ends within a character, or is taken back later. The tokenizer must outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : tokenizer_(tokenizer), skip_special_(skip_special), run_(tokenizer.decoder()) {}

  // The text that `id` makes certain; may be empty.
  std::string push(std::int32_t id);
  // The text that was held back; an unfinished character becomes U+FFFD. Nothing may follow.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool skip_special_;
  DecoderRun run_;
};

}  // namespace tessera
