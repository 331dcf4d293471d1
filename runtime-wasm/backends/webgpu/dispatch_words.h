// What every op's recording needs: the words of a uniform struct, and grids of workgroups.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <vector>

#include "backends/webgpu/recorder.h"

namespace tessera::webgpu {

// An offset that says to a shader that there is no such tensor (numbers/nowhere.wgsl).
inline constexpr std::uint32_t kNowhere = 0xffffffffu;

constexpr std::uint32_t word(std::integral auto value) {
  return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t word(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

template <typename... Values>
std::vector<std::uint32_t> words(Values... values) {
  return {word(values)...};
}

void add_parameters(const std::vector<std::uint32_t>& more, Dispatch& dispatch);

constexpr std::int64_t divided_up(std::int64_t count, std::int64_t by) {
  return (count + by - 1) / by;
}

// A grid of at least `count` workgroups in x and y; a shader skips what is too much. REQUIRES:
// 0 < count <= limits.workgroups_max^2.
std::array<std::uint32_t, 3> grid(std::int64_t count, const DeviceLimits& limits);

// A power of two, at most `wanted` and what the device allows.
std::uint32_t workgroup_size(std::uint32_t wanted, const DeviceLimits& limits);

// "workgroup" or "subgroup": the choice {reduction}.
std::string reduction_choice(const Recorder& recorder);

// Errors: kUnsupported if more workgroups than the device allows are needed in y or z.
Result<void> check_grid_extent(std::string_view op, std::int64_t count, const DeviceLimits& limits);

// Where a norm's weights are, and what it adds to the mean square; no norm is nowhere.
std::uint32_t norm_offset(const RmsNorm* norm, const Recorder& recorder);
float epsilon_of(const RmsNorm* norm);

// The choices {cache}, "f32", "f16" or "packed", and {rows}, "float" or "packed". Errors:
// kUnsupported if the heads of an f16 cache have an odd size, or heads are too large for the
// kernels.
struct CacheChoices {
  std::string cache;
  std::string rows;
};
Result<CacheChoices> cache_choices(std::string_view op, const TensorRef& cache,
                                   std::int64_t head_size);

}  // namespace tessera::webgpu
