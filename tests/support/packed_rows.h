// Packed KV caches for op cases: rows that the processor's encoder made, and what they stand for.
#pragma once

#include <algorithm>
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

// A cache [heads, context, head_size] of keys or values, with the codec that it is read with. The
// mean of sorted keys turns, and sorted rows have a byte less or more than the type says.
class PackedRows {
 public:
  PackedRows(KvType type, const Shape& shape, KvSpectrum spectrum, RandomValues& random)
      : shape_(shape),
        numbers_(reflecting_codec(shape[0], shape[2], random)),
        format_(kv_row_format(row_bytes(type, shape[2], spectrum), shape[2], spectrum)) {
    if (spectrum == KvSpectrum::kKeys) frequencies_ = turning_frequencies(shape[2]);
    bytes_.resize(static_cast<std::size_t>(shape[0] * shape[1] * format_.size_bytes()));
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
    const auto mean = turned_mean(codec + 2 * size * size, size, frequencies_, position);
    std::vector<float> z(size);
    for (std::size_t i = 0; i < size; ++i) {
      double sum = 0.0;
      for (std::size_t j = 0; j < size; ++j) {
        sum += static_cast<double>(codec[i * size + j]) * (static_cast<double>(x[j]) - mean[j]);
      }
      z[i] = static_cast<float>(sum);
    }
    auto* row = reinterpret_cast<std::uint8_t*>(bytes_.data()) +
                (head * shape_[1] + position) * format_.size_bytes();
    encode_kv_row(format_, z.data(), codec + (2 * size + 1) * size, row);
    return unpacked_row(format_, row, numbers_, head, shape_[2], frequencies_, position);
  }

  // What is read of a key if its row is taken for that of a value, whose mean does not turn.
  std::vector<double> as_value(std::int64_t head, std::int64_t position, const double* key) const {
    const std::size_t size = reference::at(shape_[2]);
    const float* mean = numbers_.data() + (reference::at(head) * (2 * size + 2) + 2 * size) * size;
    const auto turned = turned_mean(mean, size, frequencies_, position);
    std::vector<double> value(key, key + size);
    for (std::size_t i = 0; i < size; ++i) value[i] += mean[i] - turned[i];
    return value;
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
    return tensors.from_bytes(DataType::kKvRows, Shape{shape_[0], shape_[1], format_.size_bytes()},
                              MemoryPurpose::kKvCache, bytes_);
  }
  KvCodec codec(CaseTensors& tensors) const {
    const Shape matrices{shape_[0] * KvCodec::rows_of_head(shape_[2]), shape_[2]};
    KvCodec codec{
        tensors.matrix(DataType::kF16, matrices, weight_bytes(DataType::kF16, matrices, numbers_)),
        format_};
    if (!frequencies_.empty()) {
      const auto pairs = static_cast<std::int64_t>(frequencies_.size());
      codec.turns =
          tensors.activation(kv_turns_shape(pairs, shape_[1]), kv_turns(frequencies_, shape_[1]));
    }
    return codec;
  }

 private:
  static std::int64_t row_bytes(KvType type, std::int64_t head_size, KvSpectrum spectrum) {
    const std::int64_t bytes = kv_row_bytes(type, head_size);
    if (spectrum == KvSpectrum::kKeys) return std::max(bytes - 1, kv_row_bytes_min(head_size));
    if (spectrum == KvSpectrum::kValues) return std::min(bytes + 1, kv_row_bytes_max(head_size));
    return bytes;
  }

  Shape shape_;
  std::vector<float> numbers_;
  std::vector<float> frequencies_;
  KvRowFormat format_;
  std::vector<std::byte> bytes_;
  reference::Values values_;
};

}  // namespace tessera::testing
