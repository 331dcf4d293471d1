// Reads the JSON messages of the protocol. Each reader knows the messages of one direction.
#pragma once

#include <string_view>
#include <variant>

#include "protocol/generated/protocol.h"
#include "protocol/problem.h"

namespace tessera::protocol {

// What a text said, or why it is refused: kInvalidMessage (no JSON object with a type),
// kUnknownType, kWrongRole (a message of the other role), kInvalidArgument with `param`.
// `event_id` is the refused message's, if it had a readable one.
struct Refusal {
  Problem problem;
  std::string event_id;
};

template <typename Message>
using ReadResult = std::variant<Message, Refusal>;

ReadResult<RunnerMessage> read_runner_message(std::string_view text);
ReadResult<ClientMessage> read_client_message(std::string_view text);
ReadResult<MessageToRunner> read_message_to_runner(std::string_view text);
ReadResult<MessageToClient> read_message_to_client(std::string_view text);

}  // namespace tessera::protocol
