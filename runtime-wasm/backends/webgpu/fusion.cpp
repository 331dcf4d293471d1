#include <variant>

#include "backends/webgpu/recorder.h"

namespace tessera::webgpu {

Result<void> record_fused(std::span<const Op> ops, std::span<const TensorRef> /*results*/,
                          Recorder& recorder) {
  for (const Op& op : ops) {
    TESSERA_TRY_VOID(std::visit([&](const auto& one) { return record(one, recorder); }, op));
  }
  return {};
}

}  // namespace tessera::webgpu
