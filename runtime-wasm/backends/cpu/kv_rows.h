// The rows of a head in a packed KV cache (quantization/kv_row.h), unpacked a block at a time into
// signed bytes: each a coordinate over the row's scale.
//
// Unpacked coordinates lie in an order of their own. Up to 16 neighbouring runs of one width make a
// set: of a set, the first coordinates of all runs come first, then the second ones, so that 16
// codes at a time become a vector of entries for each coordinate. Where a codebook is no sum of two
// tables (quantization/kv_codebook.h), a set is one run.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "backends/cpu/simd/kv_dot.h"
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
  KvRows(const KvCodec& codec, const TensorRef& cache, std::int64_t head) noexcept
      : size_bytes_(static_cast<int>(codec.format.size_bytes())),
        stride_(padded_kv_columns(codec.matrices.shape[1]) + kSetRuns),
        rows_(reinterpret_cast<const std::uint8_t*>(cache.host_bytes()) +
              head * cache.shape[1] * cache.shape[2]),
        end_(reinterpret_cast<const std::uint8_t*>(cache.host_bytes()) +
             cache.shape[0] * cache.shape[1] * cache.shape[2]),
        is_unpacked_(codec.format.run_count + kSetRuns == stride_) {
    const KvRowFormat& format = codec.format;
    int coordinate = 0;
    for (int run = 0; run < format.run_count; ++run) {
      const int width = format.widths[static_cast<std::size_t>(run)];
      const bool has_tables = width == 1 || kv_codebook_tables(width) != nullptr;
      Set* last = sets_count_ > 0 ? &sets_[sets_count_ - 1] : nullptr;
      if (last == nullptr || last->width != width || !has_tables || last->count == kSetRuns) {
        last = &sets_[sets_count_++];
        *last = {width, 0, run, coordinate};
      }
      ++last->count;
      coordinate += width;
    }
  }

  // Room for unpacked blocks of `count` rows.
  static constexpr std::size_t room_bytes(int count, int columns) noexcept {
    return static_cast<std::size_t>(count * (columns + kSetRuns));
  }

  // Coordinates [head_size] from a row's order into that of unpacked rows, and back.
  void to_unpacked_order(const float* coordinates, float* unpacked) const noexcept {
    for_each_coordinate([&](int row, int column) { unpacked[column] = coordinates[row]; });
  }
  void from_unpacked_order(const float* unpacked, float* coordinates) const noexcept {
    for_each_coordinate([&](int row, int column) { coordinates[row] = unpacked[column]; });
  }

  // The scale of each of `count` rows.
  void read_scales(std::int64_t first, int count, float* out) const noexcept {
    const std::uint8_t* row = rows_ + first * size_bytes_;
    for (int i = 0; i < count; ++i) out[i] = kv_number_scale(row[i * size_bytes_]);
  }

  // `room` is for room_bytes(), which rows that are signed bytes as they are do not need.
  KvCodes unpack(std::int64_t first, int count, std::int8_t* room) const noexcept {
    const std::uint8_t* row = rows_ + first * size_bytes_;
    if (is_unpacked_) return {reinterpret_cast<const std::int8_t*>(row + 1), size_bytes_, count};
    // Codes are read 16 at a time: rows that end closer to the cache's end are read from a copy.
    const std::int64_t readable = std::max<std::int64_t>(0, end_ - row - (kSetRuns - 1));
    const int in_place = static_cast<int>(std::min<std::int64_t>(count, readable / size_bytes_));
    unpack_rows(row, in_place, room);
    if (in_place < count) {
      std::array<std::uint8_t, kKvHeadSizeMax + 2 * kSetRuns> copy{};
      const int rest = count - in_place;
      std::copy_n(row + in_place * size_bytes_, rest * size_bytes_, copy.data());
      unpack_rows(copy.data(), rest, room + in_place * stride_);
    }
    return {room, stride_, count};
  }

 private:
  static constexpr int kSetRuns = 16;

  struct Set {
    int width = 0;
    int count = 0;  // of runs, kSetRuns at most
    int first_run = 0;
    int first_coordinate = 0;
  };

  // Calls function(coordinate in a row, column of an unpacked row).
  template <typename Function>
  void for_each_coordinate(Function function) const noexcept {
    for (std::size_t s = 0; s < sets_count_; ++s) {
      const Set& set = sets_[s];
      for (int run = 0; run < set.count; ++run) {
        for (int i = 0; i < set.width; ++i) {
          function(set.first_coordinate + run * set.width + i,
                   set.first_coordinate + i * set.count + run);
        }
      }
    }
  }

  // Set by set, so that its tables stay in registers. What a set writes beyond itself is
  // overwritten by the next, or lies between rows.
  void unpack_rows(const std::uint8_t* rows, int count, std::int8_t* out) const noexcept {
    for (std::size_t s = 0; s < sets_count_; ++s) {
      const Set set = sets_[s];  // a copy, that writing bytes cannot change
      const std::uint8_t* codes = rows + 1 + set.first_run;
      std::int8_t* columns = out + set.first_coordinate;
      switch (set.width) {
        case 1: copy_set(codes, count, columns); break;
        case 2: add_tables<2>(set.count, codes, count, columns); break;
        case 3: add_tables<3>(set.count, codes, count, columns); break;
        case 4: add_tables<4>(set.count, codes, count, columns); break;
        default: look_up(kv_padded_codebook(set.width), codes, count, columns); break;
      }
    }
  }

  void copy_set(const std::uint8_t* codes, int count, std::int8_t* out) const noexcept {
    for (int row = 0; row < count; ++row, codes += size_bytes_, out += stride_) {
      simd::store_bytes(out, simd::load_bytes(codes));
    }
  }

  template <int kWidth>
  void add_tables(int runs, const std::uint8_t* codes, int count, std::int8_t* out) const noexcept {
    simd::Bytes upper[kWidth], lower[kWidth];
    const auto* tables = reinterpret_cast<const std::uint8_t*>(kv_codebook_tables(kWidth));
    for (int i = 0; i < kWidth; ++i) {
      upper[i] = simd::load_bytes(tables + i * kKvTableEntries);
      lower[i] = simd::load_bytes(tables + (kWidth + i) * kKvTableEntries);
    }
    for (int row = 0; row < count; ++row, codes += size_bytes_, out += stride_) {
      const simd::Bytes bytes = simd::load_bytes(codes);
      const simd::Bytes first = simd::upper_digits(bytes), second = simd::lower_digits(bytes);
      for (int i = 0; i < kWidth; ++i) {
        simd::store_bytes(out + i * runs, simd::add_bytes(simd::entries_of(upper[i], first),
                                                          simd::entries_of(lower[i], second)));
      }
    }
  }

  void look_up(const std::int8_t* codebook, const std::uint8_t* codes, int count,
               std::int8_t* out) const noexcept {
    for (int row = 0; row < count; ++row, codes += size_bytes_, out += stride_) {
      std::memcpy(out, codebook + *codes * kKvRunWidthMax, kKvRunWidthMax);
    }
  }

  int size_bytes_;
  int stride_;  // of unpacked rows
  const std::uint8_t* rows_;
  const std::uint8_t* end_;  // of the cache
  bool is_unpacked_;
  std::size_t sets_count_ = 0;
  std::array<Set, kKvHeadSizeMax> sets_;
};

}  // namespace tessera::cpu
