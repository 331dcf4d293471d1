// The members of a completion request that come in several shapes: messages, prompt and stop.
// Each reader fills its fields of `create`, or says which member is wrong.
#pragma once

#include <optional>

#include "base/json.h"
#include "protocol/generated/protocol.h"
#include "protocol/problem.h"

namespace tessera {

// messages: content is a string, or a list of parts of type text, which are joined.
std::optional<protocol::Problem> read_messages(const JsonObject& object,
                                               protocol::ResponseCreate& create);

// prompt: a string, a list of one string, a list of token ids, or a list of one such list.
std::optional<protocol::Problem> read_prompt(const JsonObject& object,
                                             protocol::ResponseCreate& create);

// stop: absent, null, a string, or a list of strings; empty strings are left out.
std::optional<protocol::Problem> read_stop(const JsonObject& object,
                                           protocol::ResponseCreate& create);

}  // namespace tessera
