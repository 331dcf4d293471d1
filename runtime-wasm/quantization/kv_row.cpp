#include "quantization/kv_row.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/check.h"

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tessera {
namespace {

constexpr float kStep = 1.0f / kKvCodebookSteps;
constexpr int kScaleNeighbours = 4;  // of the middle scale, on either side, that a row tries
constexpr std::size_t kNeighbours = 2 * kScaleNeighbours + 1;
constexpr std::size_t kScaleCandidatesMax = 12;  // one more, and whole vectors
constexpr std::size_t kEntries = kKvCodebookEntries;

// What a normally distributed coordinate of unit variance loses in a run of each width, squared.
constexpr std::array<double, kKvRunWidthMax + 1> kRunErrors = {
    0.0, 0.00008, 0.00690, 0.04097, 0.09376, 0.14980, 0.20625, 1.0, 0.30567};

// A coordinate's weight in the error: how it falls over the coordinates that calibration sorted,
// on average over the heads of models that were measured.
double spectrum_weight(KvSpectrum spectrum, double share) {
  switch (spectrum) {
    case KvSpectrum::kFlat: break;
    case KvSpectrum::kKeys: return share == 0.0 ? 1.0 : std::exp2(-6.0 - 5.5 * share);
    case KvSpectrum::kValues: return share == 0.0 ? 1.0 : std::exp2(-1.0 - 4.0 * share);
  }
  return 1.0;
}

// Of all ways to cut the coordinates into runs, the best, found from the first coordinate on.
class RunSearch {
 public:
  RunSearch(std::int64_t head_size, std::int64_t run_count, KvSpectrum spectrum)
      : size_(static_cast<std::size_t>(head_size)),
        runs_(static_cast<std::size_t>(run_count)),
        weight_sums_(size_ + 1),
        cells_((runs_ + 1) * (size_ + 1)) {
    for (std::size_t i = 0; i < size_; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(size_);
      weight_sums_[i + 1] = weight_sums_[i] + spectrum_weight(spectrum, share);
    }
    cell(0, 0).error = 0.0;
    for (std::size_t run = 0; run < runs_; ++run) extend(run);
  }

  double error() { return cell(runs_, size_).error / weight_sums_[size_]; }

  KvRowFormat format() {
    KvRowFormat format;
    format.run_count = static_cast<std::int32_t>(runs_);
    std::size_t end = size_;
    for (std::size_t run = runs_; run > 0; --run) {
      const std::uint8_t width = cell(run, end).width;
      TESSERA_CHECK(width > 0);
      format.widths[run - 1] = width;
      end -= width;
    }
    // Where runs are as good in any order, the narrow ones go first all the same.
    std::sort(format.widths.begin(), format.widths.begin() + format.run_count);
    return format;
  }

 private:
  struct Cell {
    double error = std::numeric_limits<double>::infinity();
    std::uint8_t width = 0;  // of the last run
  };

  Cell& cell(std::size_t runs, std::size_t end) { return cells_[runs * (size_ + 1) + end]; }

  void extend(std::size_t run) {
    for (std::size_t begin = 0; begin < size_; ++begin) {
      if (std::isinf(cell(run, begin).error)) continue;
      for (const int width : kKvRunWidths) {
        const std::size_t end = begin + static_cast<std::size_t>(width);
        if (end > size_) continue;
        const double error = cell(run, begin).error + kRunErrors[static_cast<std::size_t>(width)] *
                                                          (weight_sums_[end] - weight_sums_[begin]);
        Cell& target = cell(run + 1, end);
        if (error < target.error) target = {error, static_cast<std::uint8_t>(width)};
      }
    }
  }

  std::size_t size_, runs_;
  std::vector<double> weight_sums_;
  std::vector<Cell> cells_;
};

// A codebook in the forms that encoding and decoding read.
struct Codebook {
  std::vector<float> by_coordinate;   // [width][256]
  std::vector<float> squares;         // [width][256]
  std::vector<std::int8_t> by_entry;  // [256][kKvRunWidthMax], in steps, padded with zeros
};

struct Codebooks {
  std::array<Codebook, kKvRunWidthMax + 1> of_width;

  Codebooks() {
    for (const int width : kKvRunWidths) {
      if (width == 1) continue;
      const auto size = static_cast<std::size_t>(width);
      Codebook& book = of_width[size];
      book.by_coordinate.resize(size * kEntries);
      book.squares.resize(size * kEntries);
      book.by_entry.resize(kEntries * kKvRunWidthMax);
      for (std::size_t entry = 0; entry < kEntries; ++entry) {
        for (std::size_t i = 0; i < size; ++i) {
          const std::int8_t steps = kv_codebook(width)[entry * size + i];
          const float number = static_cast<float>(steps) * kStep;
          book.by_coordinate[i * kEntries + entry] = number;
          book.squares[i * kEntries + entry] = number * number;
          book.by_entry[entry * kKvRunWidthMax + i] = steps;
        }
      }
    }
  }
};

const Codebooks& codebooks() {
  static const Codebooks books;
  return books;
}

// A few floats, in the compiler's own vectors.
#if defined(__AVX2__)
constexpr std::size_t kFew = 8;
#else
constexpr std::size_t kFew = 4;
#endif
using Few = float __attribute__((vector_size(4 * kFew)));
using FewFlags = std::int32_t __attribute__((vector_size(4 * kFew)));

Few load_few(const float* from) noexcept {
  Few few;
  std::memcpy(&few, from, sizeof(few));
  return few;
}

Few multiply_add(Few a, Few b, Few c) noexcept {
#if defined(__AVX2__)
  return std::bit_cast<Few>(_mm256_fmadd_ps(std::bit_cast<__m256>(a), std::bit_cast<__m256>(b),
                                            std::bit_cast<__m256>(c)));
#elif defined(__wasm_relaxed_simd__)
  return wasm_f32x4_relaxed_madd(a, b, c);
#else
  return a * b + c;
#endif
}

// One bit for each flag, the first in the lowest.
unsigned bits_of(FewFlags flags) noexcept {
#if defined(__AVX2__)
  return static_cast<unsigned>(_mm256_movemask_ps(std::bit_cast<__m256>(flags)));
#elif defined(__wasm_simd128__)
  return wasm_i32x4_bitmask(flags);
#else
  unsigned bits = 0;
  for (std::size_t i = 0; i < kFew; ++i) bits |= (flags[i] < 0 ? 1u : 0u) << i;
  return bits;
#endif
}

// A row with each of a few scales, of which the best is kept. Arrays have an element for each.
struct Candidates {
  std::size_t count = 0;  // the first kNeighbours are in order, from the smallest scale on
  alignas(16) std::array<float, kScaleCandidatesMax> scales{};
  alignas(16) std::array<float, kScaleCandidatesMax> errors{};
  std::array<std::uint8_t, kScaleCandidatesMax> scale_codes{};
  alignas(16) std::array<float, kScaleCandidatesMax> steps_inverse{};
  std::array<std::array<std::int32_t, kScaleCandidatesMax>, kKvHeadSizeMax> codes;  // [run]

  void add(int scale_code) noexcept {
    scale_codes[count] = static_cast<std::uint8_t>(std::clamp(scale_code, 0, 255));
    scales[count] = kv_scale(scale_codes[count]);
    steps_inverse[count] = 1.0f / (scales[count] * kStep);
    ++count;
  }
};

void encode_number(float z, float weight, std::size_t run, Candidates& candidates) noexcept {
  constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: the sum's low bits hold the nearest integer
  for (std::size_t c = 0; c < kScaleCandidatesMax; ++c) {
    const float steps = z * candidates.steps_inverse[c];
    const float shifted = std::min(std::max(steps, -127.0f), 127.0f) + kMagic;
    const float error = z - (shifted - kMagic) * kStep * candidates.scales[c];
    candidates.codes[run][c] = std::bit_cast<std::int32_t>(shifted) & 255;
    candidates.errors[c] += weight * error * error;
  }
}

// The squared distance of scale * entry from z is |z|^2 + scale * (scale * |entry|^2 - 2 z.entry),
// weighted coordinate by coordinate. What is in the brackets is a line over the scale, for each
// entry: one entry can be nearer than another at some scale of an interval only if it is at one of
// the ends. One pass over all entries finds the nearest one at a scale in the middle, another one
// those few that can be nearer at some other.
class RunEncoder {
 public:
  RunEncoder(std::size_t width, const float* z, const float* weights) noexcept {
    switch (width) {
      case 2: measure<2>(z, weights); break;
      case 3: measure<3>(z, weights); break;
      case 4: measure<4>(z, weights); break;
      case 5: measure<5>(z, weights); break;
      case 6: measure<6>(z, weights); break;
      default: measure<8>(z, weights); break;
    }
  }

  void encode(std::size_t run, Candidates& candidates) const noexcept {
    const float middle = candidates.scales[kNeighbours / 2];
    const std::size_t nearest = nearest_at(middle);
    alignas(16) std::array<float, kScaleCandidatesMax> least;
    alignas(16) std::array<std::int32_t, kScaleCandidatesMax> entries;
    for (std::size_t c = 0; c < kScaleCandidatesMax; ++c) {
      least[c] = candidates.scales[c] * norms_[nearest] + products_[nearest];
      entries[c] = static_cast<std::int32_t>(nearest);
    }
    const float first = candidates.scales[0], last = candidates.scales[kNeighbours - 1];
    for_each_nearer(nearest, first, last, [&](std::size_t k) {
      const float norm = norms_[k], product = products_[k];
      for (std::size_t c = 0; c < kScaleCandidatesMax; ++c) {
        const float value = candidates.scales[c] * norm + product;
        entries[c] = value < least[c] ? static_cast<std::int32_t>(k) : entries[c];
        least[c] = std::min(value, least[c]);
      }
    });
    for (std::size_t c = kNeighbours; c < candidates.count; ++c) {
      const std::size_t entry = nearest_at(candidates.scales[c]);
      entries[c] = static_cast<std::int32_t>(entry);
      least[c] = candidates.scales[c] * norms_[entry] + products_[entry];
    }
    for (std::size_t c = 0; c < kScaleCandidatesMax; ++c) {
      candidates.codes[run][c] = entries[c];
      candidates.errors[c] += std::max(0.0f, squared_length_ + candidates.scales[c] * least[c]);
    }
  }

 private:
  template <std::size_t kWidth>
  void measure(const float* z, const float* weights) noexcept {
    const Codebook& book = codebooks().of_width[kWidth];
    Few factors[kWidth], shares[kWidth];
    for (std::size_t i = 0; i < kWidth; ++i) {
      squared_length_ += weights[i] * z[i] * z[i];
      factors[i] = Few{} + -2.0f * weights[i] * z[i];
      shares[i] = Few{} + weights[i];
    }
    for (std::size_t k = 0; k < kEntries; k += kFew) {
      Few product{}, norm{};
      for (std::size_t i = 0; i < kWidth; ++i) {
        const std::size_t at = i * kEntries + k;
        product = multiply_add(factors[i], load_few(book.by_coordinate.data() + at), product);
        norm = multiply_add(shares[i], load_few(book.squares.data() + at), norm);
      }
      std::memcpy(products_.data() + k, &product, sizeof(product));
      std::memcpy(norms_.data() + k, &norm, sizeof(norm));
    }
  }

  // The entry's number is kept in the distance's last bits, so that one minimum finds both.
  std::size_t nearest_at(float scale) const noexcept {
    std::int32_t best = std::numeric_limits<std::int32_t>::max();
    for (std::size_t k = 0; k < kEntries; ++k) {
      const float distance =
          std::max(0.0f, squared_length_ + scale * (scale * norms_[k] + products_[k]));
      const std::int32_t keyed =
          (std::bit_cast<std::int32_t>(distance) & ~255) | static_cast<std::int32_t>(k);
      best = std::min(best, keyed);
    }
    return static_cast<std::size_t>(best & 255);
  }

  // Calls visit(k) for every entry that is nearer than `entry` at one of two scales.
  template <typename Visit>
  void for_each_nearer(std::size_t entry, float first, float last, Visit visit) const noexcept {
    const Few first_scales = Few{} + first, last_scales = Few{} + last;
    const float at_first = first * norms_[entry] + products_[entry];
    const float at_last = last * norms_[entry] + products_[entry];
    for (std::size_t k = 0; k < kEntries; k += kFew) {
      const Few norms = load_few(norms_.data() + k), products = load_few(products_.data() + k);
      const auto is_nearer = (multiply_add(norms, first_scales, products) < at_first) |
                             (multiply_add(norms, last_scales, products) < at_last);
      for (unsigned bits = bits_of(is_nearer); bits != 0; bits &= bits - 1) {
        visit(k + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }

  float squared_length_ = 0.0f;
  alignas(32) std::array<float, kEntries> products_;  // -2 z.entry
  alignas(32) std::array<float, kEntries> norms_;     // |entry|^2
};

void check_row(std::int64_t row_bytes, std::int64_t head_size) {
  TESSERA_CHECK(head_size >= 1 && head_size <= kKvHeadSizeMax &&
                row_bytes >= kv_row_bytes_min(head_size) &&
                row_bytes <= kv_row_bytes_max(head_size));
}

// The scale of the mean square and its neighbours, which suit points of codebooks, and the least
// that cuts off no number, if that is another and no codebook would suffer by it.
Candidates candidate_scales(std::int64_t size, const KvRowFormat& format, const float* z) noexcept {
  float squares = 0.0f, largest_number = 0.0f;
  for (std::int64_t i = 0; i < size; ++i) {
    squares += z[i] * z[i];
    const bool is_number = i < format.run_count && format.widths[static_cast<std::size_t>(i)] == 1;
    if (is_number) largest_number = std::max(largest_number, std::fabs(z[i]));
  }
  const int middle = kv_scale_code(std::sqrt(squares / static_cast<float>(size)));
  const float least = largest_number / (127.0f * kStep);
  int holds_all = kv_scale_code(least);
  if (holds_all < 255 && kv_scale(static_cast<std::uint8_t>(holds_all)) < least) ++holds_all;
  Candidates candidates;
  for (int i = -kScaleNeighbours; i <= kScaleNeighbours; ++i) candidates.add(middle + i);
  const bool has_codebooks = size > format.run_count;
  if (holds_all > middle + kScaleNeighbours ||
      (!has_codebooks && holds_all < middle - kScaleNeighbours)) {
    candidates.add(holds_all);
  }
  return candidates;
}

}  // namespace

KvRowFormat kv_row_format(std::int64_t row_bytes, std::int64_t head_size, KvSpectrum spectrum) {
  check_row(row_bytes, head_size);
  return RunSearch(head_size, row_bytes - 1, spectrum).format();
}

double kv_row_error(std::int64_t row_bytes, std::int64_t head_size, KvSpectrum spectrum) {
  check_row(row_bytes, head_size);
  return RunSearch(head_size, row_bytes - 1, spectrum).error();
}

void encode_kv_row(const KvRowFormat& format, const float* z, const float* weights,
                   std::uint8_t* row) noexcept {
  std::int64_t size = 0;
  for (std::int32_t run = 0; run < format.run_count; ++run) {
    size += format.widths[static_cast<std::size_t>(run)];
  }
  Candidates candidates = candidate_scales(size, format, z);
  std::size_t first = 0;
  for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
    const std::size_t width = format.widths[run];
    if (width == 1) {
      encode_number(z[first], weights[first], run, candidates);
    } else {
      RunEncoder(width, z + first, weights + first).encode(run, candidates);
    }
    first += width;
  }
  const float* errors = candidates.errors.data();
  const auto best =
      static_cast<std::size_t>(std::min_element(errors, errors + candidates.count) - errors);
  row[0] = candidates.scale_codes[best];
  for (std::size_t run = 0; run < static_cast<std::size_t>(format.run_count); ++run) {
    row[1 + run] = static_cast<std::uint8_t>(candidates.codes[run][best]);
  }
}

const std::int8_t* kv_padded_codebook(int width) noexcept {
  return codebooks().of_width[static_cast<std::size_t>(width)].by_entry.data();
}

void decode_kv_row(const KvRowFormat& format, const std::uint8_t* row, float* z) noexcept {
  const float scale = kv_number_scale(row[0]);
  const std::uint8_t* codes = row + 1;
  const Codebooks& books = codebooks();
  std::int32_t run = 0;
  for (; run < format.run_count && format.widths[static_cast<std::size_t>(run)] == 1; ++run) {
    z[run] = scale * static_cast<float>(static_cast<std::int8_t>(codes[run]));
  }
  z += run;
  for (; run < format.run_count; ++run) {
    const std::size_t width = format.widths[static_cast<std::size_t>(run)];
    const std::int8_t* entry = books.of_width[width].by_entry.data() + codes[run] * kKvRunWidthMax;
    for (int i = 0; i < kKvRunWidthMax; ++i) z[i] = scale * static_cast<float>(entry[i]);
    z += width;
  }
}

std::optional<KvType> kv_type_from_name(std::string_view name) {
  for (const KvType type :
       {KvType::kF32, KvType::kF16, KvType::k8, KvType::k4, KvType::k3, KvType::k2}) {
    if (kv_type_name(type) == name) return type;
  }
  return std::nullopt;
}

std::string_view kv_type_name(KvType type) {
  switch (type) {
    case KvType::kF32: return "f32";
    case KvType::kF16: return "f16";
    case KvType::k8: return "8";
    case KvType::k4: return "4";
    case KvType::k3: return "3";
    case KvType::k2: break;
  }
  return "2";
}

}  // namespace tessera
