#include "backends/webgpu/dispatch_words.h"

#include <algorithm>
#include <string>

#include "quantization/kv_row.h"

namespace tessera::webgpu {

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

Result<std::string> cache_choice(std::string_view op, const TensorRef& cache) {
  if (is_packed_kv(cache.type)) {
    return Error{ErrorCode::kUnsupported,
                 std::string(op) + " on a GPU has no kernels for a KV cache of " +
                     std::string(kv_type_name(cache.type)) +
                     " bits; run the model on Wasm, or choose a KV cache of f16"};
  }
  constexpr std::int64_t kHeadSizeMax = 256;
  const std::int64_t head_size = cache.shape[2];
  if (head_size > kHeadSizeMax) {
    return Error{ErrorCode::kUnsupported, std::string(op) + " on a GPU takes heads of at most " +
                                              std::to_string(kHeadSizeMax) + " elements, not " +
                                              std::to_string(head_size)};
  }
  if (cache.type == DataType::kF32) return std::string("f32");
  if (head_size % 2 != 0) {
    return Error{ErrorCode::kUnsupported, std::string(op) +
                                              " on a GPU takes a KV cache of f16 only with heads "
                                              "of an even size, not " +
                                              std::to_string(head_size)};
  }
  return std::string("f16");
}

}  // namespace tessera::webgpu
