// Embedding: out[t, :] = table[ids[t], :], read from any weight type.
#include <string>

#include "backends/cpu/execution.h"
#include "quantization/format.h"

namespace tessera::cpu {

Result<void> run(const Embedding& op, Execution& execution) {
  const std::int64_t vocabulary_size = op.table.shape[0];
  const std::int64_t hidden_size = op.table.shape[1];
  const auto ids = op.ids.host_span<const std::int32_t>();
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocabulary_size) {
      return Error{ErrorCode::kInvalidArgument, "token id " + std::to_string(id) +
                                                    " is outside the vocabulary of " +
                                                    std::to_string(vocabulary_size)};
    }
  }
  const std::byte* table = op.table.host_bytes();
  auto* out = reinterpret_cast<float*>(op.out.host_bytes());
  execution.threads.for_each_part(op.ids.shape[0], [&](std::int64_t token, int) {
    dequantize_row(op.table.type, table, hidden_size, ids[static_cast<std::size_t>(token)],
                   out + token * hidden_size);
  });
  return {};
}

}  // namespace tessera::cpu
