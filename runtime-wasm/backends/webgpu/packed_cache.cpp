#include "backends/webgpu/packed_cache.h"

#include <algorithm>

#include "backends/webgpu/dispatch_words.h"
#include "base/check.h"

namespace tessera::webgpu {
namespace {

constexpr int kUnitWidth = 4;
constexpr std::uint32_t kEntries = kKvCodebookEntries;

// Words of an entry.
constexpr std::uint32_t stride_of(int width) {
  return width > kUnitWidth ? 2 : 1;
}

// Where a codebook begins; where the books end for a width that is above all.
std::uint32_t codebook_at(int width) {
  std::uint32_t at = 0;
  for (const int other : kKvRunWidths) {
    if (other > 1 && other < width) at += kEntries * stride_of(other);
  }
  return at;
}

std::vector<std::uint32_t> codebook_words() {
  std::vector<std::uint32_t> table;
  for (const int width : kKvRunWidths) {
    if (width == 1) continue;
    const auto stride = static_cast<int>(stride_of(width));
    for (int entry = 0; entry < kKvCodebookEntries; ++entry) {
      std::array<std::uint32_t, 2> of_entry{};
      for (int i = 0; i < width; ++i) {
        const auto number = static_cast<std::uint8_t>(kv_codebook(width)[entry * width + i]);
        of_entry[static_cast<std::size_t>(i / kUnitWidth)] |= std::uint32_t{number}
                                                              << (i % kUnitWidth * 8);
      }
      table.insert(table.end(), of_entry.begin(), of_entry.begin() + stride);
    }
  }
  return table;
}

constexpr std::uint32_t place(std::uint32_t byte, std::uint32_t coordinate, std::uint32_t count,
                              std::uint32_t book) {
  return byte | coordinate << 9 | (count - 1) << 17 | book << 20;
}

struct Places {
  std::vector<std::uint32_t> runs, units, coordinates;
};

// How many runs from this one on are of one coordinate, at most a unit's.
std::uint32_t plain_numbers(const KvRowFormat& format, std::uint32_t run) {
  const auto runs = static_cast<std::uint32_t>(format.run_count);
  std::uint32_t count = 0;
  while (count < kUnitWidth && run + count < runs && format.widths[run + count] == 1) ++count;
  return count;
}

Places places_of(const KvRowFormat& format) {
  Places places;
  std::uint32_t coordinate = 0, in_unit = 0;  // plain numbers that lie in an earlier run's unit
  for (std::uint32_t run = 0; run < static_cast<std::uint32_t>(format.run_count); ++run) {
    const std::uint32_t byte = 1 + run, width = format.widths[run];
    if (width == 1) {
      const std::uint32_t own = place(byte, coordinate, 1, kPlainNumbers);
      places.runs.push_back(own);
      places.coordinates.push_back(own);
      if (in_unit == 0) {
        in_unit = plain_numbers(format, run);
        places.units.push_back(place(byte, coordinate, in_unit, kPlainNumbers));
      }
      --in_unit;
    } else {
      const std::uint32_t book = codebook_at(static_cast<int>(width));
      places.runs.push_back(place(byte, coordinate, width, book));
      for (std::uint32_t first = 0; first < width; first += kUnitWidth) {
        const std::uint32_t count = std::min<std::uint32_t>(width - first, kUnitWidth);
        const std::uint32_t unit =
            place(byte, coordinate + first, count, book + first / kUnitWidth);
        places.units.push_back(unit);
        places.coordinates.insert(places.coordinates.end(), count, unit);
      }
    }
    coordinate += width;
  }
  return places;
}

Result<Binding> whole_codec(const TensorRef& matrices, const Recorder& recorder) {
  const std::vector<MatrixPart> parts = recorder.matrix_parts(matrices);
  if (parts.size() == 1) return parts.front().binding;
  return Error{ErrorCode::kUnsupported,
               "a codec of the KV cache is larger than what this device binds; choose a KV cache "
               "of f16"};
}

std::uint32_t append(const std::vector<std::uint32_t>& places, std::vector<std::uint32_t>& table) {
  const auto at = word(table.size());
  table.insert(table.end(), places.begin(), places.end());
  return at;
}

PackedSide append_side(const KvRowFormat& format, const Binding& codec,
                       std::vector<std::uint32_t>& table) {
  const Places places = places_of(format);
  TESSERA_CHECK(places.units.size() <= kPackedUnitsMax);
  return {.codec = codec,
          .row_bytes = word(format.size_bytes()),
          .runs = append(places.runs, table),
          .run_count = word(places.runs.size()),
          .units = append(places.units, table),
          .unit_count = word(places.units.size()),
          .coordinates = append(places.coordinates, table)};
}

}  // namespace

KvTurning kv_turning(const KvCodec& key_codec, const Recorder& recorder) {
  const TensorRef& turns = key_codec.turns;
  if (turns.is_empty()) return {};
  return {recorder.activation_offset(turns), word(turns.shape[0] / 2), word(turns.shape[1])};
}

Result<PackedCache> packed_cache(const KvCodec& key_codec, const KvCodec& value_codec,
                                 Recorder& recorder) {
  TESSERA_TRY(const Binding keys, whole_codec(key_codec.matrices, recorder));
  TESSERA_TRY(const Binding values, whole_codec(value_codec.matrices, recorder));
  std::vector<std::uint32_t> table = codebook_words();
  PackedCache cache;
  cache.keys = append_side(key_codec.format, keys, table);
  cache.values = append_side(value_codec.format, values, table);
  TESSERA_TRY(cache.table, recorder.table(table));
  cache.turning = kv_turning(key_codec, recorder);
  return cache;
}

}  // namespace tessera::webgpu
