#include "ops/kv_write.h"

#include "backends/webgpu/attention.h"
#include "backends/webgpu/dispatch_words.h"
#include "backends/webgpu/packed_cache.h"

namespace tessera::webgpu {
namespace {

// What caches/packed_writer.wgsl needs.
Result<void> add_packed(const RopeKvWrite& plan, Recorder& recorder, Dispatch& dispatch) {
  const KvWrite& write = *plan.write;
  const Attention* attention = plan.turns_query_for;
  TESSERA_TRY(const PackedCache packed, packed_cache(write.key_codec, write.value_codec, recorder));
  dispatch.bindings.insert(dispatch.bindings.end(),
                           {packed.table, packed.keys.codec, packed.values.codec});
  add_parameters(words(attention != nullptr ? 1 : 0, packed.keys.runs, packed.keys.run_count,
                       packed.values.runs, packed.values.run_count),
                 dispatch);
  add_parameters(packed.turning.words(), dispatch);
  add_parameters(words(attention != nullptr ? recorder.activation_offset(attention->out) : 0),
                 dispatch);
  return {};
}

// All that rope_kv_write.wgsl does, or no more than writing where `plan` has nothing else.
Result<void> record_write(const RopeKvWrite& plan, std::int64_t query_heads,
                          const std::vector<std::uint32_t>& parameters, Recorder& recorder) {
  const KvWrite& write = *plan.write;
  const std::int64_t tokens = write.key.shape[0];
  TESSERA_TRY(const CacheChoices choices,
              cache_choices("KvWrite", write.key_cache, write.key.shape[2]));
  TESSERA_TRY_VOID(check_grid_extent("KvWrite", tokens, recorder.limits()));
  Dispatch dispatch{
      .kernel = {"rope_kv_write",
                 {{"cache", choices.cache},
                  {"rows", choices.rows},
                  {"reduction", reduction_choice(recorder)}},
                 {{"workgroup_size", workgroup_size(64, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.vectors(), recorder.cache(write.key_cache),
                   recorder.cache(write.value_cache)},
      .parameters = parameters,
      .workgroups = {word(query_heads + 2 * write.key.shape[1]), word(tokens), 1},
  };
  if (write.key_cache.type == DataType::kKvRows) {
    TESSERA_TRY_VOID(add_packed(plan, recorder, dispatch));
  } else {
    add_parameters(std::vector<std::uint32_t>(9), dispatch);
  }
  recorder.dispatch(std::move(dispatch));
  return {};
}

// Neither queries nor norms nor a rotation.
Result<void> record_packed(const KvWrite& op, Recorder& recorder) {
  return record_write(
      {.write = &op}, 0,
      words(0, op.key.shape[1], op.key.shape[2], 0, op.key_cache.shape[1], 0,
            recorder.activation_offset(op.key), recorder.activation_offset(op.value),
            recorder.activation_offset(op.positions), 0, kNowhere, kNowhere, 0.0f, 0.0f, 1.0f),
      recorder);
}

}  // namespace

Result<void> record(const KvWrite& op, Recorder& recorder) {
  const std::int64_t tokens = op.key.shape[0];
  const std::int64_t heads = op.key.shape[1];
  const std::int64_t head_size = op.key.shape[2];
  if (op.key.shape.element_count() == 0) return {};
  if (op.key_cache.type == DataType::kKvRows) return record_packed(op, recorder);
  TESSERA_TRY_VOID(check_grid_extent("KvWrite", tokens, recorder.limits()));
  TESSERA_TRY(const CacheChoices choices, cache_choices("KvWrite", op.key_cache, op.key.shape[2]));
  const std::int64_t head_words = op.key_cache.type == DataType::kF16 ? head_size / 2 : head_size;
  const std::uint32_t size = workgroup_size(64, recorder.limits());
  recorder.dispatch({
      .kernel = {"kv_write", {{"cache", choices.cache}}, {{"workgroup_size", size}}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters =
          words(heads, head_words, op.key_cache.shape[1], recorder.activation_offset(op.key),
                recorder.activation_offset(op.value), recorder.activation_offset(op.positions)),
      .workgroups = {word(divided_up(heads * head_words, size)), word(tokens), 1},
  });
  return {};
}

Result<void> record(const RopeKvWrite& plan, Recorder& recorder) {
  const KvWrite& write = *plan.write;
  const std::int64_t query_heads = plan.query->x.shape[1];
  return record_write(
      plan, query_heads,
      words(query_heads, write.key.shape[1], write.key.shape[2], plan.query->frequencies.shape[0],
            write.key_cache.shape[1], recorder.activation_offset(plan.query->x),
            recorder.activation_offset(write.key), recorder.activation_offset(write.value),
            recorder.activation_offset(write.positions),
            recorder.activation_offset(plan.query->frequencies),
            norm_offset(plan.query_norm, recorder), norm_offset(plan.key_norm, recorder),
            epsilon_of(plan.query_norm), epsilon_of(plan.key_norm), plan.query->attention_scale),
      recorder);
}

}  // namespace tessera::webgpu
