#include "ops/add.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const Add& op, Recorder& recorder) {
  const std::int64_t count = op.a.shape.element_count();
  if (count == 0) return {};
  const std::uint32_t size = workgroup_size(64, recorder.limits());
  recorder.dispatch({
      .kernel = {"add", {}, {{"workgroup_size", size}}},
      .bindings = {recorder.activations()},
      .parameters = words(count, recorder.activation_offset(op.a), recorder.activation_offset(op.b),
                          recorder.activation_offset(op.out)),
      .workgroups = grid(divided_up(count, size), recorder.limits()),
  });
  return {};
}

}  // namespace tessera::webgpu
