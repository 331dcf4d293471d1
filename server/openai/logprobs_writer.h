// Log probabilities in the two shapes of OpenAI's API.
#pragma once

#include <cstddef>
#include <span>

#include "base/json_writer.h"
#include "protocol/generated/protocol.h"
#include "server/openai/completion_request.h"

namespace tessera {

// Writes the value of choices[0].logprobs. `text_offset` is the number of bytes of text before the
// first of these tokens; only /v1/completions reports it.
void write_logprobs(JsonWriter& json, CompletionKind kind,
                    std::span<const protocol::WireTokenLogprob> tokens, std::size_t text_offset);

}  // namespace tessera
