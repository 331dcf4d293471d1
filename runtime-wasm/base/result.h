// Result<T>: a value or an Error. The core has no exceptions; every expected failure (a bad file,
// an unsupported option, memory over budget) comes back as one of these. Member names follow
// std::expected.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace tessera {

// What kind of failure it is. `error_code_name` gives the stable name that appears on the wire.
enum class ErrorCode {
  kInvalidArgument,  // the caller's request is malformed
  kInvalidFile,      // a file or a message is damaged, truncated or inconsistent
  kUnsupported,      // well formed, but nothing here implements it
  kNotFound,         // a named thing does not exist
  kOutOfMemory,      // the memory budget does not allow it
  kContextFull,      // the token sequence does not fit the context window
  kIo,               // the operating system refused to read or write
  kDeviceLost,       // an accelerator went away
  kCancelled,        // somebody asked to stop
  kInternal,         // a bug: report it
};

// Stable lower-case name, for instance "invalid_file".
std::string_view error_code_name(ErrorCode code);

// A failure: its kind, and one sentence that names the thing and says what to do about it.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  // The same error, with "context: " put before its message.
  Error with_context(std::string_view context) const;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: has_value().
  T& value() & { return *checked_value(); }
  const T& value() const& { return *checked_value(); }
  // A temporary gives its value away, so that a range-for over one does not dangle.
  T value() && { return std::move(*checked_value()); }
  T& operator*() & { return *checked_value(); }
  const T& operator*() const& { return *checked_value(); }
  T operator*() && { return std::move(*checked_value()); }
  T* operator->() { return checked_value(); }
  const T* operator->() const { return checked_value(); }

  // REQUIRES: !has_value().
  const Error& error() const& { return *checked_error(); }
  Error&& error() && { return std::move(*const_cast<Error*>(checked_error())); }

  template <typename U>
  T value_or(U&& fallback) && {
    return has_value() ? std::move(*checked_value()) : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  T* checked_value() {
    TESSERA_CHECK(has_value());
    return std::get_if<0>(&state_);
  }
  const T* checked_value() const {
    TESSERA_CHECK(has_value());
    return std::get_if<0>(&state_);
  }
  const Error* checked_error() const {
    TESSERA_CHECK(!has_value());
    return std::get_if<1>(&state_);
  }

  std::variant<T, Error> state_;
};

// Success without a value.
struct Unit {};

template <>
class [[nodiscard]] Result<void> : public Result<Unit> {
 public:
  Result() : Result<Unit>(Unit{}) {}
  Result(Error error) : Result<Unit>(std::move(error)) {}
};

}  // namespace tessera

#define TESSERA_CONCAT_INNER(a, b) a##b
#define TESSERA_CONCAT(a, b) TESSERA_CONCAT_INNER(a, b)

// TESSERA_TRY(auto x, expression): returns the error of `expression`, or binds its value to x.
#define TESSERA_TRY(declaration, expression) \
  TESSERA_TRY_INNER(TESSERA_CONCAT(result_, __LINE__), declaration, expression)
#define TESSERA_TRY_INNER(result, declaration, expression)   \
  auto result = (expression);                                \
  if (!result.has_value()) return std::move(result).error(); \
  declaration = std::move(result).value()

// TESSERA_TRY_VOID(expression): returns the error of `expression`, or goes on.
#define TESSERA_TRY_VOID(expression)                                     \
  do {                                                                   \
    auto result_void = (expression);                                     \
    if (!result_void.has_value()) return std::move(result_void).error(); \
  } while (false)
