// An op case: tensors on any backend, ops on them, and what they must give, by the double-precision
// reference. The op table runs every case on every backend and variant.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "backends/backend.h"
#include "support/random_values.h"
#include "support/weight_values.h"

namespace tessera::testing {

// A tensor of f32, f16 or i32 and the values it must hold after the ops: nowhere further off than
// tolerance * max(scale, |value|); or, where it is judged as a whole, the square root of the
// errors' squares over the values' no larger than the tolerance.
struct ExpectedTensor {
  TensorRef tensor;
  std::vector<double> values;
  double scale = 1.0;
  double tolerance = 0.0;
  double tolerance_f16 = 0.0;  // where kernels may compute in f16
  bool is_judged_as_a_whole = false;
};

struct OpCaseRun {
  std::vector<Op> ops;
  std::vector<ExpectedTensor> results;
};

// Makes tensors on a backend.
class CaseTensors {
 public:
  CaseTensors(Backend& backend, std::uint64_t seed) : backend_(&backend), random_(seed) {}

  RandomValues& random() { return random_; }

  TensorRef from_bytes(DataType type, const Shape& shape, MemoryPurpose purpose,
                       std::span<const std::byte> bytes) {
    TensorRef tensor{type, shape, {}, 0};
    tensor.buffer = backend_->allocate(type, shape, purpose).value();
    std::vector<std::byte> padded(bytes.begin(), bytes.end());
    padded.resize(std::min((padded.size() + 3) / 4 * 4, tensor.buffer.size_bytes));
    TESSERA_CHECK(backend_->write(tensor.buffer, 0, padded).has_value());
    return tensor;
  }
  TensorRef activation(const Shape& shape, const std::vector<float>& values) {
    return from_bytes(DataType::kF32, shape, MemoryPurpose::kActivations,
                      std::as_bytes(std::span(values)));
  }
  TensorRef vector(const std::vector<float>& values) {
    return from_bytes(DataType::kF32, Shape{static_cast<std::int64_t>(values.size())},
                      MemoryPurpose::kWeights, std::as_bytes(std::span(values)));
  }
  TensorRef i32(const std::vector<std::int32_t>& values) {
    return from_bytes(DataType::kI32, Shape{static_cast<std::int64_t>(values.size())},
                      MemoryPurpose::kActivations, std::as_bytes(std::span(values)));
  }
  // A weight matrix; `bytes` as weight_bytes gives them.
  TensorRef matrix(DataType type, const Shape& shape, std::span<const std::byte> bytes) {
    return from_bytes(type, shape, MemoryPurpose::kWeights, bytes);
  }
  TensorRef cache(DataType type, const Shape& shape, const std::vector<float>& values) {
    return from_bytes(type, shape, MemoryPurpose::kKvCache, weight_bytes(type, shape, values));
  }
  // Filled with NaN, so that an element which an op forgets is seen.
  TensorRef unset(const Shape& shape) {
    const auto count = static_cast<std::size_t>(shape.element_count());
    return activation(shape, std::vector<float>(count, std::bit_cast<float>(0x7fc00000u)));
  }

 private:
  Backend* backend_;
  RandomValues random_;
};

struct OpCase {
  std::string op;
  std::string name;
  // Whether the short list has it, which continuous integration runs.
  bool is_short = false;
  std::function<OpCaseRun(CaseTensors&)> make;
  // What a binding may hold at most, so that larger matrices are cut; 0: what the device has.
  std::size_t binding_bytes_max = 0;
};

using OpCases = std::vector<OpCase>;

void add_matmul_cases(OpCases& cases);
void add_attention_cases(OpCases& cases);
void add_packed_kv_cases(OpCases& cases);
void add_elementwise_cases(OpCases& cases);
void add_fused_cases(OpCases& cases);
void add_sample_cases(OpCases& cases);

// Every case.
OpCases op_cases();

}  // namespace tessera::testing
