// Bodies of the OpenAI endpoints: what is accepted can be put on the wire to a runner.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/read_message.h"
#include "protocol/write_message.h"
#include "server/openai/completion_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tessera;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const CompletionKind kind : {CompletionKind::kChat, CompletionKind::kText}) {
    const auto result = read_completion_request(kind, body);
    const auto* request = std::get_if<CompletionRequest>(&result);
    if (request == nullptr) continue;
    const auto text = protocol::write_message(request->create);
    TESSERA_CHECK(
        std::holds_alternative<protocol::ClientMessage>(protocol::read_client_message(text)));
  }
  return 0;
}
