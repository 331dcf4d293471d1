#include "server/serve_options.h"

#include "base/json.h"

namespace tessera {
namespace {

Result<void> read_text(const JsonValue& value, std::string& out) {
  TESSERA_TRY(const std::string_view text, value.string());
  out = text;
  return {};
}

Result<void> read_texts(const JsonValue& value, std::vector<std::string>& out) {
  out.clear();
  if (value.is_string()) {
    out.emplace_back(*value.string());
    return {};
  }
  TESSERA_TRY(const std::vector<JsonValue> items, value.array());
  for (const JsonValue& item : items) TESSERA_TRY_VOID(read_text(item, out.emplace_back()));
  return {};
}

Result<void> read_port(const JsonValue& value, std::uint16_t& out) {
  TESSERA_TRY(const std::int64_t port, value.integer(0, 65535));
  out = static_cast<std::uint16_t>(port);
  return {};
}

}  // namespace

Result<void> read_serve_options(std::string_view json, ServeOptions& options) {
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(json));
  TESSERA_TRY(const JsonObject object, document.root().object());
  for (const auto& [key, value] : object.members()) {
    if (key == "model") {
      TESSERA_TRY_VOID(read_texts(value, options.models));
    } else if (key == "allow_origin") {
      TESSERA_TRY_VOID(read_texts(value, options.allow_origins));
    } else if (key == "port") {
      TESSERA_TRY_VOID(read_port(value, options.port));
    } else if (key == "host") {
      TESSERA_TRY_VOID(read_text(value, options.host));
    } else if (key == "web") {
      TESSERA_TRY_VOID(read_text(value, options.web));
    } else if (key == "api_key") {
      TESSERA_TRY_VOID(read_text(value, options.api_key));
    } else if (key == "log_level") {
      TESSERA_TRY_VOID(read_text(value, options.log_level));
    } else {
      return value.error("no option is called that");
    }
  }
  return {};
}

}  // namespace tessera
