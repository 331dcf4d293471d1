#include "protocol/problem.h"

#include <algorithm>

namespace tessera::protocol {

WireError wire_error(const Problem& problem) {
  WireError error;
  error.code = error_row(problem.name).code;
  error.message = problem.message.substr(0, kErrorMessageBytesMax);
  if (!problem.param.empty()) error.param = problem.param.substr(0, kNameBytesMax);
  return error;
}

ErrorName error_name(std::string_view code) {
  const auto* row = std::ranges::find(kErrors, code, &ErrorRow::code);
  if (row == kErrors.end()) return ErrorName::kInternal;
  return static_cast<ErrorName>(row - kErrors.begin());
}

}  // namespace tessera::protocol
