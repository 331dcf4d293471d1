// TESSERA_CHECK(condition): a broken invariant stops the program, in every build, and says where.
#pragma once

namespace tessera {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace tessera

#define TESSERA_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tessera::check_failed(#condition, __FILE__, __LINE__))
