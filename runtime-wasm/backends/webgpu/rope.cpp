#include "ops/rope.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const Rope& op, Recorder& recorder) {
  const std::int64_t tokens = op.x.shape[0];
  const std::int64_t heads = op.x.shape[1];
  const std::int64_t half = op.frequencies.shape[0];
  if (tokens == 0 || heads == 0 || half == 0) return {};
  TESSERA_TRY_VOID(check_grid_extent("Rope", tokens, recorder.limits()));
  const std::uint32_t size = workgroup_size(64, recorder.limits());
  recorder.dispatch({
      .kernel = {"rope", {}, {{"workgroup_size", size}}},
      .bindings = {recorder.activations()},
      .parameters = words(heads, op.x.shape[2], half, recorder.activation_offset(op.x),
                          recorder.activation_offset(op.positions),
                          recorder.activation_offset(op.frequencies), op.attention_scale),
      .workgroups = {word(divided_up(heads * half, size)), word(tokens), 1},
  });
  return {};
}

}  // namespace tessera::webgpu
