// Fuzzes the tokenizer: a tokenizer.json, and behind a zero byte a text for it. Whatever loads must
// encode and decode that text, and stream what it decodes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tokenizer/stream_decoder.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/unicode.h"

namespace {

constexpr std::size_t kTextSizeMax = 2048;
constexpr std::string_view kDefaultText =
    "Hello  <|x|> we'LL 123\r\n\n n\u0301 \U0001f642 \xff\xe2\x82";

void check_decoding(const tessera::Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
  const std::string decoded = tokenizer.decode(ids);
  TESSERA_CHECK(tessera::is_valid_utf8(decoded));
  tessera::StreamDecoder stream(tokenizer, false);
  std::string streamed;
  for (const std::int32_t id : ids) {
    const std::string delta = stream.push(id);
    TESSERA_CHECK(tessera::is_valid_utf8(delta));
    streamed += delta;
    tokenizer.token_bytes(id);
  }
  streamed += stream.finish();
  TESSERA_CHECK(streamed == decoded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t json_size = std::min(input.find('\0'), size);
  const auto tokenizer = tessera::Tokenizer::from_json(input.substr(0, json_size));
  if (!tokenizer) {
    TESSERA_CHECK(!tokenizer.error().message.empty());
    return 0;
  }
  std::string_view text = kDefaultText;
  if (json_size < size) text = input.substr(json_size + 1, kTextSizeMax);
  for (const bool is_plain : {false, true}) {
    const auto ids =
        (*tokenizer)
            ->encode(text, {.add_special_tokens = is_plain, .parse_special_tokens = !is_plain});
    if (ids) check_decoding(**tokenizer, *ids);
  }
  return 0;
}
