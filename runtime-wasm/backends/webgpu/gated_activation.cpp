#include "ops/gated_activation.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const GatedActivation& op, Recorder& recorder) {
  const std::int64_t count = op.gate.shape.element_count();
  if (count == 0) return {};
  const std::uint32_t size = workgroup_size(64, recorder.limits());
  recorder.dispatch({
      .kernel = {"gated_activation", {}, {{"workgroup_size", size}}},
      .bindings = {recorder.activations()},
      .parameters =
          words(count, recorder.activation_offset(op.gate), recorder.activation_offset(op.up),
                recorder.activation_offset(op.out), static_cast<std::uint32_t>(op.function)),
      .workgroups = grid(divided_up(count, size), recorder.limits()),
  });
  return {};
}

}  // namespace tessera::webgpu
