// The one function a browser tab calls: a method's name and its parameters as JSON, a reply as
// JSON,
// {"ok": …} or {"error": {"code", "message"}}. Bulk data goes through pointers into linear memory
// that replies contain.
#pragma once

#include <string>
#include <string_view>

namespace tessera {

// Runs a method of the table in methods.cpp. Never fails: errors are replies.
std::string call(std::string_view method, std::string_view parameters_json);

}  // namespace tessera
