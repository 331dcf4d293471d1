// Messages in both directions: whatever is accepted is written back to a message that is accepted.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/read_message.h"
#include "protocol/write_message.h"

namespace tessera::protocol {
namespace {

template <typename Message>
void check(ReadResult<Message> (*read)(std::string_view), std::string_view text) {
  const auto result = read(text);
  if (const auto* message = std::get_if<Message>(&result)) {
    TESSERA_CHECK(std::holds_alternative<Message>(read(write_message(*message))));
  } else {
    TESSERA_CHECK(!std::get<Refusal>(result).problem.message.empty());
  }
}

}  // namespace
}  // namespace tessera::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tessera::protocol;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check<RunnerMessage>(read_runner_message, text);
  check<ClientMessage>(read_client_message, text);
  check<MessageToRunner>(read_message_to_runner, text);
  check<MessageToClient>(read_message_to_client, text);
  return 0;
}
