#include "server/broker/clock.h"

#include <sys/random.h>

#include "base/check.h"

namespace tessera {

std::uint64_t SystemClock::unix_seconds() const {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
}

std::uint64_t SystemRandomSource::next() {
  std::uint64_t bits = 0;
  TESSERA_CHECK(getrandom(&bits, sizeof bits, 0) == sizeof bits);
  return bits;
}

}  // namespace tessera
