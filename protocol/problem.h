// Problem: why a message or a request was refused, in the protocol's own terms.
#pragma once

#include <string>
#include <string_view>

#include "protocol/generated/protocol.h"

namespace tessera::protocol {

struct Problem {
  ErrorName name = ErrorName::kInternal;
  std::string message;  // one sentence that names the thing at fault
  std::string param;    // the field at fault, or empty
};

// The object that goes on the wire. Messages are cut to the protocol's limit.
WireError wire_error(const Problem& problem);

// The error of that code; internal if nobody knows it.
ErrorName error_name(std::string_view code);

}  // namespace tessera::protocol
