#include "base/result.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <set>
#include <string>

namespace tessera {
namespace {

Result<int> half_of(int value) {
  if (value % 2 != 0) return Error{ErrorCode::kInvalidArgument, std::to_string(value) + " is odd"};
  return value / 2;
}

Result<int> quarter_of(int value) {
  TESSERA_TRY(const int half, half_of(value));
  return half_of(half);
}

Result<void> check_even(int value) {
  TESSERA_TRY_VOID(half_of(value));
  return {};
}

}  // namespace

TEST_CASE("a result holds a value or an error, and says which") {
  const Result<int> value = half_of(8);
  CHECK(value.has_value());
  CHECK(static_cast<bool>(value));
  CHECK(*value == 4);
  const Result<int> error = half_of(7);
  CHECK_FALSE(error.has_value());
  CHECK(error.error().code == ErrorCode::kInvalidArgument);
  CHECK(error.error().message == "7 is odd");
  CHECK(half_of(7).value_or(-1) == -1);
  CHECK(half_of(6).value_or(-1) == 3);
}

TEST_CASE("a result of a type that cannot be copied hands its value over") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 5);
}

TEST_CASE("TESSERA_TRY passes the first error on and binds values") {
  CHECK(quarter_of(12).value() == 3);
  CHECK(quarter_of(6).error().message == "3 is odd");
  CHECK(quarter_of(5).error().message == "5 is odd");
  CHECK(check_even(2).has_value());
  CHECK(check_even(3).error().message == "3 is odd");
}

TEST_CASE("context goes before an error's message and keeps its code") {
  const Error error = Error{ErrorCode::kIo, "disk full"}.with_context("shard 3");
  CHECK(error.code == ErrorCode::kIo);
  CHECK(error.message == "shard 3: disk full");
}

TEST_CASE("every error code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    names.insert(error_code_name(static_cast<ErrorCode>(code)));
  }
  CHECK(names.size() == static_cast<std::size_t>(ErrorCode::kInternal) + 1);
  CHECK(error_code_name(ErrorCode::kContextFull) == "context_full");
}

}  // namespace tessera
