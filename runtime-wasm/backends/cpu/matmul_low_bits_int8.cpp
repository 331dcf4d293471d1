// out[t, r] = sum_g scale[r, g] * x_scale[t, g] * (dot[t, r, g] - zero[r, g] * x_sum[t, g]) with q2
// and q3 weights in panels; dot is the exact integer dot product of a group's quants with the
// activations [tokens, columns], rounded to 8 bits, and x_sum the sum of those.
//
// A tile is one panel times up to kTileTokens tokens: weights are unpacked once for all tokens of a
// tile, and the activations of a block of tokens stay in the cache while the panels of a part pass.
#include "backends/cpu/low_bit_weights.h"
#include "backends/cpu/matmul.h"
#include "backends/cpu/quantized_activations.h"

namespace tessera::cpu {
namespace {

using Dot = simd::SmallDot;

constexpr int kTileTokens = 4;
constexpr std::int64_t kBlockTokens = 64;

using Tile = float[kTileTokens][kPanelRows];

// The activations of kTokens neighbouring tokens.
template <int kTokens>
struct TileActivations {
  const std::byte* quants[kTokens];
  const ActivationGroup* groups[kTokens];
};

template <int kTokens>
using IntegerSums = Dot::Sum[kTokens];

// Adds the products of columns 8k + 4 * chunk + 0..3.
template <typename Block, int k, int kTokens>
void add_columns(const LowBitChunk& packed, int chunk, const std::byte* const* quants,
                 IntegerSums<kTokens>& sums) noexcept {
  const Dot::Weights weights = Dot::from_bytes(unpack_bytes<Block, k>(packed));
  for (int t = 0; t < kTokens; ++t) {
    sums[t] = Dot::dot(sums[t], weights, quants[t], 2 * k + chunk);
  }
}

// The float sums of kLanes rows for kTokens tokens; `slice` says which rows of the panel.
template <typename Block, int kTokens>
struct SliceSums {
  simd::F32 totals[kTokens];

  SliceSums() noexcept { std::fill_n(totals, kTokens, simd::splat(0.0f)); }

  void add_group(const Block& block, int slice, std::int64_t group,
                 const TileActivations<kTokens>& x) noexcept {
    const std::byte* quants[kTokens];
    IntegerSums<kTokens> sums;
    for (int t = 0; t < kTokens; ++t) {
      quants[t] = x.quants[t] + group * static_cast<std::int64_t>(Dot::kGroupSizeBytes);
      sums[t] = Dot::begin();
    }
    for (int chunk = 0; chunk < 2; ++chunk) {
      const LowBitChunk packed = load_chunk(block, slice, chunk);
      add_columns<Block, 0, kTokens>(packed, chunk, quants, sums);
      add_columns<Block, 1, kTokens>(packed, chunk, quants, sums);
      add_columns<Block, 2, kTokens>(packed, chunk, quants, sums);
      add_columns<Block, 3, kTokens>(packed, chunk, quants, sums);
    }
    const simd::F32 scale = load_scales(block, slice);
    const simd::F32 zero = load_zeros(block, slice);
    for (int t = 0; t < kTokens; ++t) {
      const ActivationGroup& header = x.groups[t][group];
      const simd::F32 minus_sum = simd::splat(-static_cast<float>(header.sum));
      const simd::F32 steps = simd::multiply_add(zero, minus_sum, simd::to_f32(Dot::end(sums[t])));
      const simd::F32 factor = simd::multiply(scale, simd::splat(header.scale));
      totals[t] = simd::multiply_add(steps, factor, totals[t]);
    }
  }
};

// One panel times kTokens tokens from `token` on. A single token takes all slices of a block in one
// pass, so that weights stream; several take one slice after the other, so that sums stay in
// registers.
template <typename Block, int kTokens>
void multiply_tile(const Block* blocks, const QuantizedActivations& x, std::int64_t token,
                   Tile& tile) noexcept {
  constexpr int kSlicesAtOnce = kTokens == 1 ? kLowBitSlices : 1;
  TileActivations<kTokens> tokens;
  for (int t = 0; t < kTokens; ++t) {
    tokens.quants[t] = x.token_quants<Dot>(token + t);
    tokens.groups[t] = x.token_groups(token + t);
  }
  for (int slice = 0; slice < kLowBitSlices; slice += kSlicesAtOnce) {
    SliceSums<Block, kTokens> sums[kSlicesAtOnce];
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

template <typename Block>
void multiply_tile(const Block* blocks, const QuantizedActivations& x, std::int64_t token,
                   std::int64_t token_count, Tile& tile) noexcept {
  static_assert(kTileTokens == 4);
  switch (token_count) {
    case 1: return multiply_tile<Block, 1>(blocks, x, token, tile);
    case 2: return multiply_tile<Block, 2>(blocks, x, token, tile);
    case 3: return multiply_tile<Block, 3>(blocks, x, token, tile);
    default: return multiply_tile<Block, 4>(blocks, x, token, tile);
  }
}

template <typename Block>
void multiply_panels(const MatMulArguments& arguments, const QuantizedActivations& x,
                     PartRange panels) noexcept {
  Tile tile;
  for (std::int64_t first = 0; first < arguments.tokens; first += kBlockTokens) {
    const std::int64_t end = std::min(arguments.tokens, first + kBlockTokens);
    for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
      const auto* blocks = reinterpret_cast<const Block*>(arguments.weight) + panel * x.group_count;
      for (std::int64_t token = first; token < end; token += kTileTokens) {
        const std::int64_t count = std::min<std::int64_t>(kTileTokens, end - token);
        multiply_tile<Block>(blocks, x, token, count, tile);
        for (std::int64_t t = 0; t < count; ++t) {
          store_panel_row(arguments, panel, token + t, tile[t]);
        }
      }
    }
  }
}

template <typename Block>
Result<void> run_format(const MatMulArguments& arguments, Execution& execution) {
  TESSERA_TRY(std::byte * memory, execution.scratch.reserve(QuantizedActivations::size_bytes<Dot>(
                                      arguments.tokens, arguments.columns)));
  const auto x = QuantizedActivations::place<Dot>(memory, arguments.tokens, arguments.columns);
  execution.threads.for_each_part(arguments.tokens, [&](std::int64_t token, int) {
    quantize_token<Dot>(arguments.x + token * arguments.columns, arguments.columns, x, token);
  });
  const Parts parts(panel_count(arguments.rows), execution.threads.threads());
  execution.threads.for_each_part(parts.count(), [&](std::int64_t part, int) {
    multiply_panels<Block>(arguments, x, parts[part]);
  });
  return {};
}

}  // namespace

Result<void> matmul_low_bits_int8(const MatMulArguments& arguments, Execution& execution) {
  if (arguments.type == DataType::kQ2) return run_format<Q2Block>(arguments, execution);
  return run_format<Q3Block>(arguments, execution);
}

}  // namespace tessera::cpu
