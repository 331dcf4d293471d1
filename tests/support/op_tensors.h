// Tensors of a CPU backend for op tests: made from values, read back as values.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "backends/cpu/cpu_backend.h"
#include "support/weight_values.h"

namespace tessera::testing {

// The largest difference between two arrays of one size; NaN counts as infinite.
inline double largest_difference(std::span<const float> values, std::span<const double> expected) {
  TESSERA_CHECK(values.size() == expected.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(values[i]) - expected[i]);
    if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, difference);
  }
  return largest;
}

class OpTensors {
 public:
  explicit OpTensors(int threads) : backend_(CpuBackend::create({.threads = threads}).value()) {}

  Backend& backend() { return *backend_; }

  TensorRef from_bytes(DataType type, const Shape& shape, std::span<const std::byte> bytes) {
    TensorRef tensor{type, shape, {}, 0};
    tensor.buffer = backend_->allocate(type, shape, MemoryPurpose::kActivations).value();
    TESSERA_CHECK(backend_->write(tensor.buffer, 0, bytes).has_value());
    return tensor;
  }
  TensorRef f32(const Shape& shape, const std::vector<float>& values) {
    return from_bytes(DataType::kF32, shape, std::as_bytes(std::span(values)));
  }
  // REQUIRES: type is f32 or f16.
  TensorRef row_major(DataType type, const Shape& shape, const std::vector<float>& values) {
    return from_bytes(type, shape, weight_bytes(type, shape, values));
  }
  TensorRef i32(const std::vector<std::int32_t>& values) {
    return from_bytes(DataType::kI32, Shape{static_cast<std::int64_t>(values.size())},
                      std::as_bytes(std::span(values)));
  }
  TensorRef zeros(DataType type, const Shape& shape) { return from_bytes(type, shape, {}); }

  // Filled with NaN, so that an element which an op forgets is seen.
  TensorRef unset(const Shape& shape) {
    const auto count = static_cast<std::size_t>(shape.element_count());
    return f32(shape, std::vector<float>(count, std::bit_cast<float>(0x7fc00000u)));
  }

  std::vector<float> values(const TensorRef& tensor) const {
    const auto elements = tensor.host_span<const float>();
    return {elements.begin(), elements.end()};
  }

  // Runs ops in order, all at once.
  Result<void> run(std::span<const Op> ops) {
    for (const Op& op : ops) TESSERA_TRY_VOID(validate(op));
    return backend_->run(ops);
  }
  // Validates and runs one op.
  Result<void> run(const Op& op) {
    TESSERA_TRY_VOID(validate(op));
    return backend_->run({&op, 1});
  }

 private:
  std::unique_ptr<CpuBackend> backend_;
};

}  // namespace tessera::testing
