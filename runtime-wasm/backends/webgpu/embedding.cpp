#include "ops/embedding.h"

#include "backends/webgpu/arranged_blocks.h"
#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const Embedding& op, Recorder& recorder) {
  const std::int64_t tokens = op.ids.shape[0];
  const std::int64_t columns = op.out.shape[1];
  if (tokens == 0 || columns == 0 || op.table.shape[0] == 0) return {};
  TESSERA_TRY_VOID(check_grid_extent("Embedding", tokens, recorder.limits()));
  const std::uint32_t size = workgroup_size(64, recorder.limits());
  for (const MatrixPart& part : recorder.matrix_parts(op.table)) {
    recorder.dispatch({
        .kernel = {"embedding",
                   {{"weight", std::string(data_type_name(device_type(op.table.type)))}},
                   {{"workgroup_size", size}}},
        .bindings = {recorder.activations(), part.binding},
        .parameters = words(columns, op.table.shape[0], part.first_row, part.row_count,
                            recorder.activation_offset(op.ids), recorder.activation_offset(op.out)),
        .workgroups = {word(divided_up(columns, size)), word(tokens), 1},
    });
  }
  return {};
}

}  // namespace tessera::webgpu
