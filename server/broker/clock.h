// Clock and RandomSource: what the broker takes from the outside world, so that tests can give it
// others.
#pragma once

#include <chrono>
#include <cstdint>

namespace tessera {

using TimePoint = std::chrono::steady_clock::time_point;
using Milliseconds = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual std::uint64_t unix_seconds() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  std::uint64_t unix_seconds() const override;
};

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // 64 bits that nobody can guess.
  virtual std::uint64_t next() = 0;
};

class SystemRandomSource final : public RandomSource {
 public:
  std::uint64_t next() override;
};

}  // namespace tessera
