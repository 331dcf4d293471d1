#include "base/half.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tessera {
namespace {

// What the bits of a binary16 mean, from the definition (IEEE 754-2008, 3.4).
double meaning(std::uint16_t half) {
  const double sign = (half & 0x8000u) != 0 ? -1.0 : 1.0;
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

}  // namespace

TEST_CASE("every one of the 65,536 halves converts to the float that it means, and back") {
  for (std::uint32_t bits = 0; bits <= 0xffffu; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (!same(value, meaning(half))) FAIL("half " << bits << " became " << value);
    const std::uint16_t back = float_to_half(value);
    if (std::isnan(value) ? !std::isnan(half_to_float(back)) : back != half) {
      FAIL("half " << bits << " came back as " << back);
    }
  }
  SUCCEED();
}

TEST_CASE(
    "floats between two halves round to the nearer one, and to the even one from the middle") {
  for (std::uint32_t bits = 0; bits < 0x7bffu; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    // The middle of two neighbouring halves is exact in float32.
    const auto middle = static_cast<float>((meaning(low) + meaning(high)) / 2);
    const std::uint16_t even = (bits & 1u) == 0 ? low : high;
    const bool is_right = float_to_half(middle) == even &&
                          float_to_half(std::nextafter(middle, 0.0f)) == low &&
                          float_to_half(std::nextafter(middle, 1e9f)) == high &&
                          float_to_half(-middle) == (even | 0x8000u);
    if (!is_right) FAIL("around half " << bits);
  }
  SUCCEED();
}

TEST_CASE("floats too large for a half become infinite, NaN stays NaN, tiny ones become zero") {
  CHECK(float_to_half(65504.0f) == 0x7bffu);
  CHECK(float_to_half(std::nextafter(65520.0f, 0.0f)) == 0x7bffu);
  CHECK(float_to_half(65520.0f) == 0x7c00u);
  CHECK(float_to_half(-1e30f) == 0xfc00u);
  CHECK(float_to_half(std::numeric_limits<float>::infinity()) == 0x7c00u);
  CHECK(std::isnan(half_to_float(float_to_half(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(float_to_half(0x1p-25f) == 0);
  CHECK(float_to_half(std::nextafter(0x1p-25f, 1.0f)) == 1);
  CHECK(float_to_half(-0x1p-30f) == 0x8000u);
  CHECK(float_to_half(std::numeric_limits<float>::denorm_min()) == 0);
}

TEST_CASE("bfloat16 is the upper half of a float") {
  for (std::uint32_t bits = 0; bits <= 0xffffu; ++bits) {
    const float value = bfloat16_to_float(static_cast<std::uint16_t>(bits));
    if (std::bit_cast<std::uint32_t>(value) != bits << 16) FAIL("bfloat16 " << bits);
  }
  SUCCEED();
}

}  // namespace tessera
