#include "backends/webgpu/dispatch_words.h"

#include <algorithm>
#include <string>

namespace tessera::webgpu {

void add_parameters(const std::vector<std::uint32_t>& more, Dispatch& dispatch) {
  dispatch.parameters.insert(dispatch.parameters.end(), more.begin(), more.end());
}

std::array<std::uint32_t, 3> grid(std::int64_t count, const DeviceLimits& limits) {
  const std::int64_t y = divided_up(count, limits.workgroups_max);
  return {word(divided_up(count, y)), word(y), 1};
}

std::uint32_t workgroup_size(std::uint32_t wanted, const DeviceLimits& limits) {
  return std::min(wanted, std::bit_floor(limits.workgroup_invocations_max));
}

std::string reduction_choice(const Recorder& recorder) {
  return recorder.uses_subgroups() ? "subgroup" : "workgroup";
}

Result<void> check_grid_extent(std::string_view op, std::int64_t count,
                               const DeviceLimits& limits) {
  if (count <= limits.workgroups_max) return {};
  return Error{ErrorCode::kUnsupported, std::string(op) + " needs " + std::to_string(count) +
                                            " workgroups in a row, and the device allows " +
                                            std::to_string(limits.workgroups_max)};
}

std::uint32_t norm_offset(const RmsNorm* norm, const Recorder& recorder) {
  return norm == nullptr ? kNowhere : recorder.vector_offset(norm->weight);
}

float epsilon_of(const RmsNorm* norm) {
  return norm == nullptr ? 0.0f : norm->epsilon;
}

Result<CacheChoices> cache_choices(std::string_view op, const TensorRef& cache,
                                   std::int64_t head_size) {
  constexpr std::int64_t kHeadSizeMax = 256;
  if (head_size > kHeadSizeMax) {
    return Error{ErrorCode::kUnsupported, std::string(op) + " on a GPU takes heads of at most " +
                                              std::to_string(kHeadSizeMax) + " elements, not " +
                                              std::to_string(head_size)};
  }
  if (cache.type == DataType::kKvRows) return CacheChoices{"packed", "packed"};
  if (cache.type == DataType::kF32) return CacheChoices{"f32", "float"};
  if (head_size % 2 != 0) {
    return Error{ErrorCode::kUnsupported, std::string(op) +
                                              " on a GPU takes a KV cache of f16 only with heads "
                                              "of an even size, not " +
                                              std::to_string(head_size)};
  }
  return CacheChoices{"f16", "float"};
}

}  // namespace tessera::webgpu
