// out[t, r] = sum_g scale[r, g] * x_scale[t, g] * (integer dot product of group g), plus what the
// offset 8 of q4 and q4s, the minimum of q4m or the zero point of q2 and q3 adds. Weights [rows,
// columns] in panels, activations [tokens, columns].
//
// A tile is one panel times up to kTileTokens tokens: weights are unpacked once for all tokens of a
// tile, and the activations of a block of tokens stay in the cache while the panels of a part pass.
// The only token of a decode step is multiplied with two panels of q2 or q3 at a time.
#include "backends/cpu/matmul.h"
#include "backends/cpu/simd/integer_dots.h"
#include "backends/cpu/simd/table_dot.h"
#include "backends/cpu/table_activations.h"
#include "quantization/q2.h"
#include "quantization/q3.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q4s.h"
#include "quantization/q8.h"

namespace tessera::cpu {
namespace {

constexpr int kTileTokens = 4;
constexpr std::int64_t kBlockTokens = 64;
constexpr int kSlices = static_cast<int>(kPanelRows) / simd::kLanes;

using Tile = float[kTileTokens][kPanelRows];

// What sets the formats apart: the block, its dot product, how a chunk of kLanes rows is unpacked,
// and how the sums of a group are scaled. The first row of a slice is `row`.
template <typename Dot>
ActivationGroup encode_rounded(const float* x, std::byte* bytes) noexcept {
  std::array<std::int8_t, kGroupColumns> quants;
  const ActivationGroup group = round_group(x, quants.data());
  Dot::encode(quants.data(), bytes);
  return group;
}

// Scales as a block stores them: f16, or the bytes of q4s.
template <typename Code>
struct Scales {
  const Code* codes;
  simd::F32 of(int slice) const noexcept { return simd::load_scales(codes + slice * simd::kLanes); }
};

// q4 and q4s.
template <typename Dots, typename SymmetricBlock>
struct SymmetricFormat {
  using Block = SymmetricBlock;
  using Dot = typename Dots::Nibble;
  static constexpr int kChunks = 4;
  static constexpr bool kHasMinimum = false;

  template <int kChunk>
  static typename Dot::Weights load(const Block& block, int row) noexcept {
    return Dot::load(block.quants[kChunk][row]);
  }
  static ActivationGroup encode_group(const float* x, std::byte* quants) noexcept {
    return encode_rounded<Dot>(x, quants);
  }
  explicit SymmetricFormat(const Block& block) noexcept : scales_{block.scales} {}
  simd::F32 scales(int slice) const noexcept { return scales_.of(slice); }
  simd::I32 integers(int, const typename Dot::Sum& sum, const ActivationGroup& x) const noexcept {
    return simd::add(Dot::end(sum), simd::splat_i32(x.minus_eight_sums));
  }

 private:
  Scales<std::remove_extent_t<decltype(Block::scales)>> scales_;
};

template <typename Dots>
struct Q4MFormat {
  using Block = Q4MBlock;
  using Dot = typename Dots::Nibble;
  static constexpr int kChunks = 4;
  static constexpr bool kHasMinimum = true;

  template <int kChunk>
  static typename Dot::Weights load(const Block& block, int row) noexcept {
    return Dot::load(block.quants[kChunk][row]);
  }
  static ActivationGroup encode_group(const float* x, std::byte* quants) noexcept {
    return encode_rounded<Dot>(x, quants);
  }
  explicit Q4MFormat(const Block& block) noexcept
      : scales_{block.scales}, minimums_{block.minimums} {}
  simd::F32 scales(int slice) const noexcept { return scales_.of(slice); }
  simd::F32 minimums(int slice) const noexcept { return minimums_.of(slice); }
  simd::I32 integers(int, const typename Dot::Sum& sum, const ActivationGroup&) const noexcept {
    return Dot::end(sum);
  }

 private:
  Scales<std::uint16_t> scales_;
  Scales<std::uint16_t> minimums_;
};

template <typename Dots>
struct Q8Format {
  using Block = Q8Block;
  using Dot = typename Dots::Byte;
  static constexpr int kChunks = 8;
  static constexpr bool kHasMinimum = false;

  template <int kChunk>
  static typename Dot::Weights load(const Block& block, int row) noexcept {
    return Dot::load(block.quants[kChunk][row]);
  }
  static ActivationGroup encode_group(const float* x, std::byte* quants) noexcept {
    return encode_rounded<Dot>(x, quants);
  }
  explicit Q8Format(const Block& block) noexcept : scales_{block.scales} {}
  simd::F32 scales(int slice) const noexcept { return scales_.of(slice); }
  simd::I32 integers(int, const typename Dot::Sum& sum, const ActivationGroup&) const noexcept {
    return Dot::end(sum);
  }

 private:
  Scales<std::uint16_t> scales_;
};

// Looked up in tables of activations instead of multiplied: of all rows of a panel at once.
template <typename LowBitBlock>
struct TableFormat {
  using Block = LowBitBlock;
  static constexpr int kSteps = simd::LowBitLines<Block::kBits>::kSteps;
  struct Dot : simd::TableDot {
    static constexpr std::size_t kGroupSizeBytes = kTablesSizeBytes;
  };
  static_assert(offsetof(Block, scales) == 0 && offsetof(Block, zeros) == kPanelRows);

  static ActivationGroup encode_group(const float* x, std::byte* tables) noexcept {
    return round_to_tables(x, kSteps, tables);
  }
};

// A single token takes all slices of a block in one pass, so that weights stream and activations
// are read once; several take one slice after the other, so that its weights stay in registers.
template <int kTokens>
inline constexpr int kSlicesAtOnce = kTokens == 1 ? kSlices : 1;

// The sums of some slices of a panel for kTokens tokens.
template <typename Format, int kTokens>
class SliceSums {
 public:
  using Block = typename Format::Block;
  using Dot = typename Format::Dot;
  static constexpr int kSliceCount = kSlicesAtOnce<kTokens>;

  SliceSums(const QuantizedActivations& x, std::int64_t token, int first_slice) noexcept
      : first_slice_(first_slice) {
    for (int t = 0; t < kTokens; ++t) {
      quants_[t] = x.token_quants<Dot>(token + t);
      headers_[t] = x.token_groups(token + t);
    }
    for (auto& totals : totals_) std::fill_n(totals, kTokens, simd::splat(0.0f));
  }

  // The next group.
  void add(const Block& block) noexcept {
    typename Dot::Sum sums[kSliceCount][kTokens];
    for (auto& slice_sums : sums) std::fill_n(slice_sums, kTokens, Dot::begin());
    add_chunks<0>(block, sums);
    const Format format(block);
    for (int s = 0; s < kSliceCount; ++s) add_scaled(format, s, sums[s]);
    for (int t = 0; t < kTokens; ++t) {
      quants_[t] += Dot::kGroupSizeBytes;
      headers_[t] += 1;
    }
  }

  // Writes the rows of these slices.
  void store(Tile& tile) const noexcept {
    for (int t = 0; t < kTokens; ++t) {
      for (int s = 0; s < kSliceCount; ++s) simd::store(tile[t] + row(s), totals_[s][t]);
    }
  }

 private:
  int row(int slice) const noexcept { return (first_slice_ + slice) * simd::kLanes; }

  template <int kChunk>
  void add_chunks(const Block& block, typename Dot::Sum (&sums)[kSliceCount][kTokens]) noexcept {
    typename Dot::Weights weights[kSliceCount];
    for (int s = 0; s < kSliceCount; ++s) weights[s] = Format::template load<kChunk>(block, row(s));
    for (int t = 0; t < kTokens; ++t) {
      const typename Dot::Activations x(quants_[t]);
      for (int s = 0; s < kSliceCount; ++s) {
        sums[s][t] = Dot::template dot<kChunk>(sums[s][t], weights[s], x);
      }
    }
    if constexpr (kChunk + 1 < Format::kChunks) add_chunks<kChunk + 1>(block, sums);
  }

  void add_scaled(const Format& format, int slice, const typename Dot::Sum* sums) noexcept {
    const int own_slice = first_slice_ + slice;
    const simd::F32 scale = format.scales(own_slice);
    for (int t = 0; t < kTokens; ++t) {
      const ActivationGroup& header = *headers_[t];
      const simd::F32 steps = simd::to_f32(format.integers(own_slice, sums[t], header));
      const simd::F32 factor = simd::multiply(scale, simd::splat(header.scale));
      totals_[slice][t] = simd::multiply_add(steps, factor, totals_[slice][t]);
    }
    if constexpr (Format::kHasMinimum) {
      const simd::F32 minimum = format.minimums(own_slice);
      for (int t = 0; t < kTokens; ++t) {
        const simd::F32 scaled_sum = simd::splat(headers_[t]->scaled_sum);
        totals_[slice][t] = simd::multiply_add(minimum, scaled_sum, totals_[slice][t]);
      }
    }
  }

  const std::byte* quants_[kTokens];
  const ActivationGroup* headers_[kTokens];
  int first_slice_;
  simd::F32 totals_[kSliceCount][kTokens];
};

// The sums of kPanels panels for kTokens tokens, by look-ups.
template <typename Block, int kPanels, int kTokens>
class TableSums {
 public:
  using Format = TableFormat<Block>;
  using Dot = typename Format::Dot;

  // The first block of the first panel; those of the others are `apart` blocks further each.
  TableSums(const Block* block, std::int64_t apart, const QuantizedActivations& x,
            std::int64_t token) noexcept {
    for (int p = 0; p < kPanels; ++p) blocks_[p] = block + p * apart;
    for (int t = 0; t < kTokens; ++t) {
      tables_[t] = x.token_quants<Dot>(token + t);
      headers_[t] = x.token_groups(token + t);
    }
    for (auto& slice_totals : totals_) {
      for (auto& totals : slice_totals) std::fill_n(totals, kTokens, simd::splat(0.0f));
    }
  }

  void add_groups(std::int64_t count) noexcept {
    for (std::int64_t group = 0; group < count; ++group) {
      for (int p = 0; p < kPanels; ++p) add(*blocks_[p]++, totals_[p]);
      for (int t = 0; t < kTokens; ++t) {
        tables_[t] += Dot::kGroupSizeBytes;
        headers_[t] += 1;
      }
    }
  }

  // Writes rows[panel * kTokens + token].
  void store(float (*rows)[kPanelRows]) const noexcept {
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) {
        float* row = rows[p * kTokens + t];
        for (int s = 0; s < kSlices; ++s) simd::store(row + s * simd::kLanes, totals_[p][s][t]);
      }
    }
  }

 private:
  using Totals = simd::F32[kSlices][kTokens];

  void add(const Block& block, Totals& totals) noexcept {
    typename Dot::Sum sums[kTokens];
    std::fill_n(sums, kTokens, Dot::begin());
    add_low_chunks<0>(&block.low[0][0][0], sums);
    if constexpr (Block::kBits == 3) add_high_chunks<0>(&block.high[0][0][0], sums);
    const simd::LowBitLines<Block::kBits> lines(reinterpret_cast<const std::uint8_t*>(&block));
    for (int t = 0; t < kTokens; ++t) {
      const ActivationGroup& header = *headers_[t];
      const typename Dot::Sums ends = Dot::end(sums[t]);
      for (int s = 0; s < kSlices; ++s) {
        const simd::I32 integers = lines.integers(s, ends, header.table_factors);
        const simd::F32 factor = simd::multiply(lines.scales(s), simd::splat(header.scale));
        totals[s][t] = simd::multiply_add(simd::to_f32(integers), factor, totals[s][t]);
      }
    }
  }

  template <int kChunk>
  void add_low_chunks(const std::uint8_t* plane, typename Dot::Sum (&sums)[kTokens]) noexcept {
    const auto indices = Dot::load(plane + kChunk * Dot::kChunkSizeBytes);
    for (int t = 0; t < kTokens; ++t) {
      sums[t] = Dot::template dot_low<kChunk>(sums[t], indices, tables_[t]);
    }
    if constexpr (kChunk + 1 < Dot::kLowChunks) add_low_chunks<kChunk + 1>(plane, sums);
  }
  template <int kChunk>
  void add_high_chunks(const std::uint8_t* plane, typename Dot::Sum (&sums)[kTokens]) noexcept {
    const auto indices = Dot::load_high(plane + kChunk * Dot::kChunkSizeBytes);
    for (int t = 0; t < kTokens; ++t) {
      sums[t] = Dot::template dot_high<kChunk>(sums[t], indices, tables_[t]);
    }
    if constexpr (kChunk + 1 < Dot::kHighChunks) add_high_chunks<kChunk + 1>(plane, sums);
  }

  const Block* blocks_[kPanels];
  const std::byte* tables_[kTokens];
  const ActivationGroup* headers_[kTokens];
  Totals totals_[kPanels];
};

template <typename Format>
inline constexpr bool kHasTables = false;
template <typename Block>
inline constexpr bool kHasTables<TableFormat<Block>> = true;

template <typename Format, int kTokens>
void multiply_tile(const std::byte* panel, const QuantizedActivations& x, std::int64_t token,
                   Tile& tile) noexcept {
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(panel);
  if constexpr (kHasTables<Format>) {
    TableSums<typename Format::Block, 1, kTokens> sums(blocks, 0, x, token);
    sums.add_groups(x.group_count);
    sums.store(tile);
  } else {
    for (int slice = 0; slice < kSlices; slice += kSlicesAtOnce<kTokens>) {
      SliceSums<Format, kTokens> sums(x, token, slice);
      for (std::int64_t group = 0; group < x.group_count; ++group) sums.add(blocks[group]);
      sums.store(tile);
    }
  }
}

template <typename Format>
void multiply_tile(const std::byte* panel, const QuantizedActivations& x, std::int64_t token,
                   std::int64_t token_count, Tile& tile) noexcept {
  static_assert(kTileTokens == 4);
  switch (token_count) {
    case 1: return multiply_tile<Format, 1>(panel, x, token, tile);
    case 2: return multiply_tile<Format, 2>(panel, x, token, tile);
    case 3: return multiply_tile<Format, 3>(panel, x, token, tile);
    default: return multiply_tile<Format, 4>(panel, x, token, tile);
  }
}

// Multiplies kPanels panels at a time by the only token, and gives the first one that is left. They
// lie far apart: processors fetch ahead what is read in order, but only one such stream on a page.
template <typename Format, int kPanels>
std::int64_t multiply_streams(const MatMulArguments& arguments, const QuantizedActivations& x,
                              PartRange panels) noexcept {
  using Block = typename Format::Block;
  const std::int64_t apart = (panels.end - panels.begin) / kPanels;
  const auto* blocks = reinterpret_cast<const Block*>(arguments.weight);
  for (std::int64_t panel = panels.begin; panel < panels.begin + apart; ++panel) {
    TableSums<Block, kPanels, 1> sums(blocks + panel * x.group_count, apart * x.group_count, x, 0);
    sums.add_groups(x.group_count);
    float rows[kPanels][kPanelRows];
    sums.store(rows);
    for (int p = 0; p < kPanels; ++p) store_panel_row(arguments, panel + p * apart, 0, rows[p]);
  }
  return panels.begin + kPanels * apart;
}

template <typename Format>
void multiply_panels(const MatMulArguments& arguments, const QuantizedActivations& x,
                     PartRange panels) noexcept {
  const std::size_t panel_size =
      static_cast<std::size_t>(x.group_count) * sizeof(typename Format::Block);
  if constexpr (kHasTables<Format>) {
    constexpr int kPanelsAtOnce = 2;
    if (arguments.tokens == 1) {
      panels.begin = multiply_streams<Format, kPanelsAtOnce>(arguments, x, panels);
    }
  }
  Tile tile;
  for (std::int64_t block = 0; block < arguments.tokens; block += kBlockTokens) {
    const std::int64_t block_end = std::min(arguments.tokens, block + kBlockTokens);
    for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
      const std::byte* weight = arguments.weight + static_cast<std::size_t>(panel) * panel_size;
      for (std::int64_t token = block; token < block_end; token += kTileTokens) {
        const std::int64_t count = std::min<std::int64_t>(kTileTokens, block_end - token);
        multiply_tile<Format>(weight, x, token, count, tile);
        for (std::int64_t t = 0; t < count; ++t) {
          store_panel_row(arguments, panel, token + t, tile[t]);
        }
      }
    }
  }
}

// Panels `range` of all matrices, counted one matrix after the other.
template <typename Format>
void multiply_range(std::span<const MatMulArguments> matmuls, const QuantizedActivations& x,
                    PartRange range) noexcept {
  std::int64_t first = 0;
  for (const MatMulArguments& arguments : matmuls) {
    const std::int64_t count = panel_count(arguments.rows);
    const PartRange own = {std::max<std::int64_t>(0, range.begin - first),
                           std::min(count, range.end - first)};
    if (own.begin < own.end) multiply_panels<Format>(arguments, x, own);
    first += count;
  }
}

template <typename Format>
Result<void> run_format(std::span<const MatMulArguments> matmuls, Execution& execution) {
  using Dot = typename Format::Dot;
  const std::int64_t tokens = matmuls[0].tokens;
  const std::int64_t columns = matmuls[0].columns;
  TESSERA_TRY(std::byte * memory,
              execution.scratch.reserve(QuantizedActivations::size_bytes<Dot>(tokens, columns)));
  const auto x = QuantizedActivations::place<Dot>(memory, tokens, columns);
  execution.threads.for_each_part(tokens, [&](std::int64_t token, int) {
    encode_token<Dot>(matmuls[0].x + token * columns, columns, x, token, Format::encode_group);
  });
  std::int64_t panels = 0;
  for (const MatMulArguments& arguments : matmuls) panels += panel_count(arguments.rows);
  const Parts parts(panels, execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int) {
    multiply_range<Format>(matmuls, x, parts[part]);
  });
  return {};
}

template <typename Dots>
Result<void> run_with(std::span<const MatMulArguments> matmuls, Execution& execution) {
  switch (matmuls[0].type) {
    case DataType::kQ4: return run_format<SymmetricFormat<Dots, Q4Block>>(matmuls, execution);
    case DataType::kQ4S: return run_format<SymmetricFormat<Dots, Q4SBlock>>(matmuls, execution);
    case DataType::kQ4M: return run_format<Q4MFormat<Dots>>(matmuls, execution);
    case DataType::kQ3: return run_format<TableFormat<Q3Block>>(matmuls, execution);
    case DataType::kQ2: return run_format<TableFormat<Q2Block>>(matmuls, execution);
    default: return run_format<Q8Format<Dots>>(matmuls, execution);
  }
}

}  // namespace

Result<void> matmul_panels_int8(std::span<const MatMulArguments> matmuls, Execution& execution) {
  return simd::with_integer_dots(
      [&]<typename Dots>(Dots) { return run_with<Dots>(matmuls, execution); });
}

}  // namespace tessera::cpu
