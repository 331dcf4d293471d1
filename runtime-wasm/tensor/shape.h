// The extents of a tensor, outermost first, at most kRankMax of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "base/check.h"

namespace tessera {

inline constexpr std::size_t kRankMax = 4;

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const std::int64_t> dims) : rank_(dims.size()) {
    TESSERA_CHECK(dims.size() <= kRankMax);
    for (std::size_t i = 0; i < rank_; ++i) dims_[i] = dims[i];
  }

  std::size_t rank() const { return rank_; }
  std::int64_t operator[](std::size_t axis) const {
    TESSERA_CHECK(axis < rank_);
    return dims_[axis];
  }
  std::span<const std::int64_t> dims() const { return {dims_.data(), rank_}; }

  // The product of all extents; 1 for rank 0. The caller has checked that it does not overflow.
  std::int64_t element_count() const {
    std::int64_t count = 1;
    for (std::int64_t dim : dims()) count *= dim;
    return count;
  }

  // "[3, 4]", for messages.
  std::string to_string() const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<std::int64_t, kRankMax> dims_{};
  std::size_t rank_ = 0;
};

}  // namespace tessera
