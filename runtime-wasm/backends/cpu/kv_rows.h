// The rows of a head in a packed KV cache (quantization/kv_row.h), unpacked a block at a time into
// signed bytes: each a coordinate over the row's scale.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "ops/kv_codec.h"
#include "tensor/tensor_ref.h"

namespace tessera::cpu {

// Columns of unpacked rows are padded to multiples of this.
inline constexpr int kKvColumnsTogether = 16;

constexpr int padded_kv_columns(std::int64_t head_size) noexcept {
  return static_cast<int>((head_size + kKvColumnsTogether - 1) / kKvColumnsTogether) *
         kKvColumnsTogether;
}

// Unpacked rows. What columns beyond the head's size hold does not matter, but can be read.
struct KvCodes {
  const std::int8_t* first_row = nullptr;
  int stride = 0;
  int count = 0;

  // Rows beyond the last are taken to be the last.
  const std::int8_t* row(int index) const noexcept {
    return first_row + std::min(index, count - 1) * stride;
  }
};

class KvRows {
 public:
  // What unpacking a block's last row may write beyond it.
  static constexpr int kMarginBytes = kKvRunWidthMax;

  KvRows(const KvCodec& codec, const TensorRef& cache, std::int64_t head) noexcept
      : size_bytes_(static_cast<int>(codec.format.size_bytes())),
        columns_(padded_kv_columns(codec.matrices.shape[1])),
        rows_(reinterpret_cast<const std::uint8_t*>(cache.host_bytes()) +
              head * cache.shape[1] * cache.shape[2]),
        is_unpacked_(codec.format.run_count == columns_) {
    const KvRowFormat& format = codec.format;
    for (std::int32_t run = 0; run < format.run_count; ++run) {
      const std::uint8_t width = format.widths[static_cast<std::size_t>(run)];
      if (runs_count_ == 0 || runs_[runs_count_ - 1].width != width) {
        runs_[runs_count_++] = {width, 0, width > 1 ? kv_padded_codebook(width) : nullptr};
      }
      ++runs_[runs_count_ - 1].count;
    }
  }

  // The scale of each of `count` rows.
  void read_scales(std::int64_t first, int count, float* out) const noexcept {
    const std::uint8_t* row = rows_ + first * size_bytes_;
    for (int i = 0; i < count; ++i) out[i] = kv_number_scale(row[i * size_bytes_]);
  }

  // `room` is for count * padded_kv_columns(head_size) + kMarginBytes bytes, which rows that are
  // signed bytes as they are do not need.
  KvCodes unpack(std::int64_t first, int count, std::int8_t* room) const noexcept {
    const std::uint8_t* row = rows_ + first * size_bytes_;
    if (is_unpacked_) return {reinterpret_cast<const std::int8_t*>(row + 1), size_bytes_, count};
    for (int i = 0; i < count; ++i) unpack_row(row + i * size_bytes_ + 1, room + i * columns_);
    return {room, columns_, count};
  }

 private:
  struct Runs {  // neighbours of one width
    std::uint8_t width = 0;
    int count = 0;
    const std::int8_t* codebook = nullptr;
  };

  void unpack_row(const std::uint8_t* codes, std::int8_t* out) const noexcept {
    for (std::size_t i = 0; i < runs_count_; ++i) {
      const Runs runs = runs_[i];  // a copy, that writing bytes cannot change
      switch (runs.width) {
        case 1: std::memcpy(out, codes, static_cast<std::size_t>(runs.count)); break;
        case 2: look_up<2>(runs, codes, out); break;
        case 3: look_up<3>(runs, codes, out); break;
        case 4: look_up<4>(runs, codes, out); break;
        case 5: look_up<5>(runs, codes, out); break;
        case 6: look_up<6>(runs, codes, out); break;
        default: look_up<8>(runs, codes, out); break;
      }
      codes += runs.count;
      out += runs.count * runs.width;
    }
  }

  // Stores eight bytes at a time, as many whole entries as they hold; what lies beyond is
  // overwritten by the next.
  template <int kWidth>
  static void look_up(Runs runs, const std::uint8_t* codes, std::int8_t* out) noexcept {
    constexpr int kTogether = static_cast<int>(sizeof(std::uint64_t)) / kWidth;
    int run = 0;
    for (; run + kTogether <= runs.count; run += kTogether) {
      std::uint64_t entries = entry(runs.codebook, codes[run]);
      for (int i = 1; i < kTogether; ++i) {
        entries |= entry(runs.codebook, codes[run + i]) << (8 * kWidth * i);
      }
      std::memcpy(out + run * kWidth, &entries, sizeof(entries));
    }
    for (; run < runs.count; ++run) {
      const std::uint64_t last = entry(runs.codebook, codes[run]);
      std::memcpy(out + run * kWidth, &last, sizeof(last));
    }
  }

  // Padded with zeros, the first number in the lowest bits.
  static_assert(std::endian::native == std::endian::little && kKvRunWidthMax == 8);
  static std::uint64_t entry(const std::int8_t* codebook, std::uint8_t code) noexcept {
    std::uint64_t bits;
    std::memcpy(&bits, codebook + code * kKvRunWidthMax, sizeof(bits));
    return bits;
  }

  int size_bytes_;
  int columns_;
  const std::uint8_t* rows_;
  bool is_unpacked_;
  std::size_t runs_count_ = 0;
  std::array<Runs, std::size(kKvRunWidths)> runs_;
};

}  // namespace tessera::cpu
