// Unpacked rows of packed KV caches: the coordinates that their codes stand for, in their own
// order.
#include "backends/cpu/kv_rows.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "support/random_values.h"

namespace tessera {
namespace {

using testing::RandomValues;

constexpr KvSpectrum kSpectra[] = {KvSpectrum::kFlat, KvSpectrum::kKeys, KvSpectrum::kValues};
constexpr std::int64_t kHeads = 2;
constexpr std::int64_t kContext = 67;

// Coordinate by coordinate, over the row's scale.
std::vector<float> coordinates_of(const KvRowFormat& format, const std::uint8_t* row) {
  std::vector<float> coordinates;
  for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
    const int width = format.widths[run];
    for (int i = 0; i < width; ++i) {
      coordinates.push_back(width == 1 ? static_cast<std::int8_t>(row[1 + run])
                                       : kv_codebook(width)[row[1 + run] * width + i]);
    }
  }
  return coordinates;
}

// A cache of random bytes, whose buffer ends with its last row.
struct Cache {
  KvCodec codec;
  TensorRef rows;
  std::vector<std::byte> bytes;

  Cache(std::int64_t head_size, std::int64_t row_bytes, KvSpectrum spectrum, RandomValues& random)
      : bytes(static_cast<std::size_t>(kHeads * kContext * row_bytes)) {
    codec.format = kv_row_format(row_bytes, head_size, spectrum);
    codec.matrices.shape = Shape{kHeads * KvCodec::rows_of_head(head_size), head_size};
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
    BufferRef buffer;
    buffer.host = bytes.data();
    buffer.size_bytes = bytes.size();
    rows = {DataType::kKvRows, Shape{kHeads, kContext, row_bytes}, buffer, 0};
  }
  const std::uint8_t* row(std::int64_t head, std::int64_t position) const {
    return reinterpret_cast<const std::uint8_t*>(bytes.data()) +
           (head * kContext + position) * codec.format.size_bytes();
  }
};

void check(const Cache& cache, std::int64_t head_size, std::int64_t first, int count) {
  const int columns = cpu::padded_kv_columns(head_size);
  std::vector<std::int8_t> room(cpu::KvRows::room_bytes(count, columns));
  for (std::int64_t head = 0; head < kHeads; ++head) {
    const cpu::KvRows rows(cache.codec, cache.rows, head);
    const cpu::KvCodes codes = rows.unpack(first, count, room.data());
    std::vector<float> scales(static_cast<std::size_t>(count));
    rows.read_scales(first, count, scales.data());
    for (int i = 0; i < count; ++i) {
      const std::uint8_t* row = cache.row(head, first + i);
      REQUIRE(scales[static_cast<std::size_t>(i)] == kv_number_scale(row[0]));
      const std::vector<float> expected = coordinates_of(cache.codec.format, row);
      const std::int8_t* unpacked = codes.row(i);
      const std::vector<float> columns_of_row(unpacked, unpacked + head_size);
      std::vector<float> back(expected.size()), there(expected.size());
      rows.from_unpacked_order(columns_of_row.data(), back.data());
      REQUIRE(back == expected);
      rows.to_unpacked_order(expected.data(), there.data());
      REQUIRE(there == columns_of_row);
    }
  }
}

}  // namespace

TEST_CASE("rows of every size are unpacked into what their codes stand for, to the cache's end") {
  RandomValues random(93);
  for (const std::int64_t head_size : {1, 4, 16, 33, 64, 80, 128, 256}) {
    const std::int64_t step = head_size > 64 ? 13 : 1;
    for (auto bytes = kv_row_bytes_min(head_size); bytes <= kv_row_bytes_max(head_size);
         bytes += step) {
      for (const KvSpectrum spectrum : kSpectra) {
        const Cache cache(head_size, bytes, spectrum, random);
        check(cache, head_size, 0, 64);
        check(cache, head_size, kContext - 3, 3);
        check(cache, head_size, kContext - 1, 1);
      }
    }
  }
}

}  // namespace tessera
