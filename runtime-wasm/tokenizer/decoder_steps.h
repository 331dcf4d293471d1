// The kinds of decoder steps. A further one is a function here and a row in decoder.cpp.
#pragma once

#include <memory>

#include "base/json.h"
#include "base/result.h"
#include "tokenizer/decoder.h"

namespace tessera {

using DecoderStepTypeResult = Result<std::unique_ptr<DecoderStepType>>;

// Printable characters back to the bytes they stand for; what is no UTF-8 becomes U+FFFD.
DecoderStepTypeResult read_byte_level_decoder(const JsonObject& object);
// Runs of tokens like <0xE2> to the text whose bytes they are, or one U+FFFD for each byte of a run
// that is no UTF-8. A run is certain only when another token follows.
DecoderStepTypeResult read_byte_fallback_decoder(const JsonObject& object);
// All pieces become one.
DecoderStepTypeResult read_fuse_decoder(const JsonObject& object);
// Every match of "pattern" within a piece becomes "content".
DecoderStepTypeResult read_replace_decoder(const JsonObject& object);
// Takes up to "start" and "stop" characters "content" from a piece's ends.
DecoderStepTypeResult read_strip_decoder(const JsonObject& object);
// Visible spaces become spaces; those of the first piece vanish, unless none was prepended.
DecoderStepTypeResult read_metaspace_decoder(const JsonObject& object);
// The "suffix" that ends a word becomes a space, or nothing in the last piece.
DecoderStepTypeResult read_suffix_decoder(const JsonObject& object);
// A space between pieces: what is done where a tokenizer.json has no decoder.
std::unique_ptr<DecoderStepType> make_join_decoder();

}  // namespace tessera
