// Packed KV caches for op cases: rows that the processor's encoder made, and what they stand for.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "support/kv_codecs.h"
#include "support/op_case.h"
#include "support/reference_ops.h"

namespace tessera::testing {

// The loss of some rows: the square root of their errors' squares over their own.
struct KvLoss {
  double errors = 0.0;
  double squares = 0.0;

  double root() const { return std::sqrt(errors / squares); }
};

// A cache [heads, context, head_size] of keys or values, with the codec that it is read with.
class PackedRows {
 public:
  PackedRows(DataType type, const Shape& shape, KvSpectrum spectrum, RandomValues& random)
      : type_(type),
        shape_(shape),
        numbers_(reflecting_codec(shape[0], shape[2], random)),
        format_(kv_row_format(type, shape[2], spectrum)) {
    bytes_.resize(tensor_size_bytes(type, shape).value());
    for (std::int64_t row = 0; row < shape[0] * shape[1]; ++row) {
      const auto x = random.uniform(shape[2], 2.0f);
      const auto values = write(row / shape[1], row % shape[1], x.data());
      values_.insert(values_.end(), values.begin(), values.end());
    }
  }

  // What the rows stand for, [heads, context, head_size].
  const reference::Values& values() const { return values_; }

  // Encodes one row; gives what it stands for, as `values` had it only if it was made with it.
  std::vector<double> write(std::int64_t head, std::int64_t position, const float* x) {
    const std::size_t size = reference::at(shape_[2]);
    const float* codec = numbers_.data() + reference::at(head) * (2 * size + 2) * size;
    std::vector<float> z(size);
    for (std::size_t i = 0; i < size; ++i) {
      double sum = 0.0;
      for (std::size_t j = 0; j < size; ++j) {
        sum += static_cast<double>(codec[i * size + j]) *
               (static_cast<double>(x[j]) - codec[2 * size * size + j]);
      }
      z[i] = static_cast<float>(sum);
    }
    auto* row = reinterpret_cast<std::uint8_t*>(bytes_.data()) +
                (head * shape_[1] + position) * format_.size_bytes();
    encode_kv_row(format_, z.data(), codec + (2 * size + 1) * size, row);
    return unpacked_row(format_, row, numbers_, head, shape_[2]);
  }

  // Bytes without a meaning for every row from a position on.
  void spoil_from(std::int64_t position, RandomValues& random) {
    for (std::int64_t row = 0; row < shape_[0] * shape_[1]; ++row) {
      if (row % shape_[1] < position) continue;
      for (std::int64_t i = 0; i < format_.size_bytes(); ++i) {
        bytes_[reference::at(row * format_.size_bytes() + i)] =
            static_cast<std::byte>(random.below(256));
      }
    }
  }

  TensorRef cache(CaseTensors& tensors) const {
    return tensors.from_bytes(type_, shape_, MemoryPurpose::kKvCache, bytes_);
  }
  KvCodec codec(CaseTensors& tensors) const {
    const Shape matrices{shape_[0] * KvCodec::rows_of_head(shape_[2]), shape_[2]};
    return {
        tensors.matrix(DataType::kF16, matrices, weight_bytes(DataType::kF16, matrices, numbers_)),
        format_};
  }

 private:
  DataType type_;
  Shape shape_;
  std::vector<float> numbers_;
  KvRowFormat format_;
  std::vector<std::byte> bytes_;
  reference::Values values_;
};

}  // namespace tessera::testing
