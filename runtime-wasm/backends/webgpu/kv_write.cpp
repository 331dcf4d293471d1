#include "ops/kv_write.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {

Result<void> record(const KvWrite& op, Recorder& recorder) {
  const std::int64_t tokens = op.key.shape[0];
  const std::int64_t heads = op.key.shape[1];
  const std::int64_t head_size = op.key.shape[2];
  if (op.key.shape.element_count() == 0) return {};
  TESSERA_TRY_VOID(check_grid_extent("KvWrite", tokens, recorder.limits()));
  TESSERA_TRY(const std::string cache, cache_choice("KvWrite", op.key_cache));
  const std::int64_t head_words = op.key_cache.type == DataType::kF16 ? head_size / 2 : head_size;
  const std::uint32_t size = workgroup_size(64, recorder.limits());
  recorder.dispatch({
      .kernel = {"kv_write", {{"cache", cache}}, {{"workgroup_size", size}}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters =
          words(heads, head_words, op.key_cache.shape[1], recorder.activation_offset(op.key),
                recorder.activation_offset(op.value), recorder.activation_offset(op.positions)),
      .workgroups = {word(divided_up(heads * head_words, size)), word(tokens), 1},
  });
  return {};
}

}  // namespace tessera::webgpu
