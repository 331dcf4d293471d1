// out[t, r] = sum_g scale[r, g] * x_scale[t, g] * (integer dot product of group g), plus what the
// offset 8 of q4 or the minimum of q4m adds. Weights [rows, columns] in panels, activations
// [tokens, columns].
//
// A tile is one panel times up to kTileTokens tokens: weights are unpacked once for all tokens of a
// tile, and the activations of a block of tokens stay in the cache while the panels of a part pass.
#include "backends/cpu/matmul.h"
#include "backends/cpu/quantized_activations.h"
#include "backends/cpu/simd/simd.h"
#include "quantization/q4.h"
#include "quantization/q4m.h"
#include "quantization/q8.h"

namespace tessera::cpu {
namespace {

constexpr int kTileTokens = 4;
constexpr std::int64_t kBlockTokens = 64;
constexpr int kSlices = static_cast<int>(kPanelRows) / simd::kLanes;

using Tile = float[kTileTokens][kPanelRows];

// What sets the formats apart: the block, its dot product, the integer offset of all weights, and
// whether a minimum is added.
struct Q4Format {
  using Block = Q4Block;
  using Dot = simd::NibbleDot;
  static constexpr int kChunks = 4;
  static constexpr std::int32_t kWeightOffset = -8;
  static constexpr bool kHasMinimum = false;
};
struct Q4MFormat {
  using Block = Q4MBlock;
  using Dot = simd::NibbleDot;
  static constexpr int kChunks = 4;
  static constexpr std::int32_t kWeightOffset = 0;
  static constexpr bool kHasMinimum = true;
};
struct Q8Format {
  using Block = Q8Block;
  using Dot = simd::ByteDot;
  static constexpr int kChunks = 8;
  static constexpr std::int32_t kWeightOffset = 0;
  static constexpr bool kHasMinimum = false;
};

// The activations of kTokens neighbouring tokens.
template <int kTokens>
struct TileActivations {
  const std::byte* quants[kTokens];
  const ActivationGroup* groups[kTokens];
};

// The float sums of kLanes rows for kTokens tokens; `slice` says which rows of the panel.
template <typename Format, int kTokens>
struct SliceSums {
  simd::F32 totals[kTokens];

  SliceSums() noexcept { std::fill_n(totals, kTokens, simd::splat(0.0f)); }

  void add_group(const typename Format::Block& block, int slice, std::int64_t group,
                 const TileActivations<kTokens>& x) noexcept {
    using Dot = typename Format::Dot;
    constexpr auto kGroupSizeBytes = static_cast<std::int64_t>(Dot::kGroupSizeBytes);
    typename Dot::Sum sums[kTokens];
    for (int t = 0; t < kTokens; ++t) sums[t] = Dot::begin(offset(x.groups[t][group]));
    for (int chunk = 0; chunk < Format::kChunks; ++chunk) {
      const auto weights = Dot::load(block.quants[chunk][slice * simd::kLanes]);
      for (int t = 0; t < kTokens; ++t) {
        const std::byte* quants = x.quants[t] + group * kGroupSizeBytes;
        sums[t] = Dot::dot(sums[t], weights, quants, chunk);
      }
    }
    const simd::F32 scale = simd::load_halves(block.scales + slice * simd::kLanes);
    for (int t = 0; t < kTokens; ++t) {
      const ActivationGroup& header = x.groups[t][group];
      const simd::F32 integers = simd::to_f32(Dot::end(sums[t], offset(header)));
      const simd::F32 factor = simd::multiply(scale, simd::splat(header.scale));
      totals[t] = simd::multiply_add(integers, factor, totals[t]);
    }
    if constexpr (Format::kHasMinimum) {
      const simd::F32 minimum = simd::load_halves(block.minimums + slice * simd::kLanes);
      for (int t = 0; t < kTokens; ++t) {
        totals[t] =
            simd::multiply_add(minimum, simd::splat(x.groups[t][group].scaled_sum), totals[t]);
      }
    }
  }

  static std::int32_t offset(const ActivationGroup& header) noexcept {
    return Format::kWeightOffset * header.sum;
  }
};

// One panel times kTokens tokens from `token` on. A single token takes all slices of a block in one
// pass, so that weights stream; several take one slice after the other, so that sums stay in
// registers.
template <typename Format, int kTokens>
void multiply_tile(const std::byte* panel, const QuantizedActivations& x, std::int64_t token,
                   Tile& tile) noexcept {
  constexpr int kSlicesAtOnce = kTokens == 1 ? kSlices : 1;
  const auto* blocks = reinterpret_cast<const typename Format::Block*>(panel);
  TileActivations<kTokens> tokens;
  for (int t = 0; t < kTokens; ++t) {
    tokens.quants[t] = x.token_quants<typename Format::Dot>(token + t);
    tokens.groups[t] = x.token_groups(token + t);
  }
  for (int slice = 0; slice < kSlices; slice += kSlicesAtOnce) {
    SliceSums<Format, kTokens> sums[kSlicesAtOnce];
    for (std::int64_t group = 0; group < x.group_count; ++group) {
      for (int s = 0; s < kSlicesAtOnce; ++s) {
        sums[s].add_group(blocks[group], slice + s, group, tokens);
      }
    }
    for (int s = 0; s < kSlicesAtOnce; ++s) {
      for (int t = 0; t < kTokens; ++t) {
        simd::store(tile[t] + (slice + s) * simd::kLanes, sums[s].totals[t]);
      }
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

template <typename Format>
void multiply_panels(const MatMulArguments& arguments, const QuantizedActivations& x,
                     PartRange panels) noexcept {
  const std::size_t panel_size =
      static_cast<std::size_t>(x.group_count) * sizeof(typename Format::Block);
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

template <typename Format>
Result<void> run_format(const MatMulArguments& arguments, Execution& execution) {
  using Dot = typename Format::Dot;
  TESSERA_TRY(std::byte * memory, execution.scratch.reserve(QuantizedActivations::size_bytes<Dot>(
                                      arguments.tokens, arguments.columns)));
  const auto x = QuantizedActivations::place<Dot>(memory, arguments.tokens, arguments.columns);
  execution.threads.for_each_part(arguments.tokens, [&](std::int64_t token, int) {
    quantize_token<Dot>(arguments.x + token * arguments.columns, arguments.columns, x, token);
  });
  const Parts parts(panel_count(arguments.rows), execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int) {
    multiply_panels<Format>(arguments, x, parts[part]);
  });
  return {};
}

}  // namespace

Result<void> matmul_panels_int8(const MatMulArguments& arguments, Execution& execution) {
  switch (arguments.type) {
    case DataType::kQ4: return run_format<Q4Format>(arguments, execution);
    case DataType::kQ4M: return run_format<Q4MFormat>(arguments, execution);
    default: return run_format<Q8Format>(arguments, execution);
  }
}

}  // namespace tessera::cpu
