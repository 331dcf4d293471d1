// What JavaScript sees: tessera_call and the size of its reply.
#include <emscripten/emscripten.h>

#include <cstddef>
#include <string>

#include "bindings/call.h"

namespace {

std::string& last_reply() {
  static std::string reply;
  return reply;
}

}  // namespace

extern "C" {

// The reply's bytes, valid until the next call; their count is tessera_result_size().
EMSCRIPTEN_KEEPALIVE const char* tessera_call(const char* method, std::size_t method_size,
                                              const char* parameters, std::size_t parameters_size) {
  last_reply() = tessera::call({method, method_size}, {parameters, parameters_size});
  return last_reply().data();
}

EMSCRIPTEN_KEEPALIVE std::size_t tessera_result_size() {
  return last_reply().size();
}

}  // extern "C"
