#include "ops/rms_norm.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const RmsNorm& op, Recorder& recorder) {
  const std::int64_t rows = op.x.shape[0];
  const std::int64_t width = op.x.shape[1];
  if (rows == 0 || width == 0) return {};
  const std::uint32_t wanted = width <= 128 ? 64 : 256;
  recorder.dispatch({
      .kernel = {"rms_norm",
                 {{"reduction", reduction_choice(recorder)}},
                 {{"workgroup_size", workgroup_size(wanted, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.vectors()},
      .parameters =
          words(rows, width, recorder.activation_offset(op.x), recorder.vector_offset(op.weight),
                recorder.activation_offset(op.out), op.epsilon),
      .workgroups = grid(rows, recorder.limits()),
  });
  return {};
}

}  // namespace tessera::webgpu
