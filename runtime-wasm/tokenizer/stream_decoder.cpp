#include "tokenizer/stream_decoder.h"

namespace tessera {

std::string StreamDecoder::push(std::int32_t id) {
  if (skip_special_ && tokenizer_.is_special(id)) return {};
  if (const auto text = tokenizer_.token_text(id)) run_.push(*text);
  return run_.take_text();
}

std::string StreamDecoder::finish() {
  run_.finish();
  return run_.take_text();
}

}  // namespace tessera
