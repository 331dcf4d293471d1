#include "backends/webgpu/attention.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "backends/webgpu/dispatch_words.h"
#include "backends/webgpu/packed_cache.h"

namespace tessera::webgpu {
namespace {

// From here on tokens share what they read of the caches.
constexpr std::int64_t kTileTokensMin = 9;

// How many workgroups share the positions of a token and head: decided by how many there can be,
// since a recording is replayed for any position. With few tiles, writing the parts costs more than
// it saves.
std::int64_t split_count(const Attention& op, std::int64_t tile_tokens) {
  constexpr std::int64_t kSplitsMax = 32;  // attention_combine.wgsl takes 64
  constexpr std::int64_t kUnsplitTilesMax = 3;
  const std::int64_t context = op.key_cache.shape[1];
  const std::int64_t seen =
      op.window_tokens > 0 ? std::min<std::int64_t>(op.window_tokens, context) : context;
  if (seen <= kUnsplitTilesMax * tile_tokens) return 1;
  return std::min(kSplitsMax, divided_up(seen, tile_tokens));
}

void record_combine(const Attention& op, std::int64_t splits, std::uint32_t partials,
                    Recorder& recorder) {
  const std::int64_t head_size = op.query.shape[2];
  recorder.dispatch({
      .kernel = {"attention_combine",
                 {},
                 {{"workgroup_size", workgroup_size(256, recorder.limits())}}},
      .bindings = {recorder.activations()},
      .parameters = words(head_size, splits, partials, recorder.activation_offset(op.out)),
      .workgroups = {word(op.query.shape[1]), word(op.query.shape[0]), 1},
  });
}

// What queries/rotated_group.wgsl needs to know.
std::vector<std::uint32_t> rotation_words(const RopeKvWrite& plan, const Recorder& recorder) {
  return words(
      recorder.activation_offset(plan.key->x), recorder.activation_offset(plan.write->value),
      recorder.activation_offset(plan.query->frequencies), plan.query->frequencies.shape[0],
      plan.query->attention_scale, norm_offset(plan.query_norm, recorder),
      norm_offset(plan.key_norm, recorder), epsilon_of(plan.query_norm), epsilon_of(plan.key_norm));
}

// Where what an attention reads and hands on lies.
struct Plan {
  const Attention& op;
  CacheChoices choices;
  std::optional<PackedCache> packed;
  std::uint32_t query = 0;
  std::int64_t splits = 1;
  std::uint32_t partials = 0;
};

void record_tile(const Plan& plan, Recorder& recorder) {
  constexpr std::int64_t kTileTokens = 16;  // as in attention_tile.wgsl
  const Attention& op = plan.op;
  const std::int64_t tokens = op.query.shape[0];
  const std::int64_t heads = op.query.shape[1];
  Dispatch dispatch{
      .kernel = {"attention_tile",
                 {{"cache", plan.choices.cache}, {"rows", plan.choices.rows}},
                 {}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters = words(tokens, heads, heads / op.key_cache.shape[0], op.query.shape[2],
                          op.key_cache.shape[1], op.window_tokens, plan.query,
                          recorder.activation_offset(op.positions),
                          recorder.activation_offset(op.out), op.scale),
      .workgroups = {word(heads), word(divided_up(tokens, kTileTokens)), 1},
  };
  const PackedCache packed = plan.packed.value_or(PackedCache{});
  if (plan.packed) dispatch.bindings.push_back(packed.table);
  add_parameters(words(packed.keys.row_bytes, packed.keys.coordinates, packed.values.row_bytes,
                       packed.values.coordinates),
                 dispatch);
  add_parameters(packed.turning.words(), dispatch);
  recorder.dispatch(std::move(dispatch));
}

constexpr std::uint32_t kGroupThreads = 128;

// How many query heads a workgroup of attention_group.wgsl takes.
std::int64_t heads_at_once(const Attention& op) {
  const std::int64_t group = op.query.shape[1] / op.key_cache.shape[0];
  return group >= 3 ? 4 : group;
}

// How many positions are worth a workgroup. attention_packed.wgsl takes as many as it has threads
// at a time, and begins with the whole query.
std::int64_t tile_tokens(const Attention& op, const Recorder& recorder) {
  if (op.key_cache.type == DataType::kKvRows) return 256;
  return workgroup_size(kGroupThreads, recorder.limits()) / heads_at_once(op);
}

std::vector<std::uint32_t> shared_words(const Plan& plan, Recorder& recorder) {
  const Attention& op = plan.op;
  const std::int64_t heads = op.query.shape[1];
  return words(heads, heads / op.key_cache.shape[0], op.query.shape[2], op.key_cache.shape[1],
               op.window_tokens, plan.splits, plan.query, recorder.activation_offset(op.positions),
               recorder.activation_offset(op.out), plan.partials, op.scale);
}

// Over caches of floats.
void record_group(const Plan& plan, const RopeKvWrite* before, Recorder& recorder) {
  const Attention& op = plan.op;
  const std::int64_t key_value_heads = op.key_cache.shape[0];
  const std::int64_t group = op.query.shape[1] / key_value_heads;
  const std::int64_t at_once = heads_at_once(op);
  Dispatch dispatch{
      .kernel = {"attention_group",
                 {{"cache", plan.choices.cache},
                  {"heads", std::to_string(at_once)},
                  {"reduction", reduction_choice(recorder)},
                  {"query", before == nullptr ? "group" : "rotated_group"}},
                 {{"workgroup_size", workgroup_size(kGroupThreads, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters = shared_words(plan, recorder),
      .workgroups = {word(plan.splits), word(key_value_heads * divided_up(group, at_once)),
                     word(op.query.shape[0])},
  };
  if (before != nullptr) dispatch.bindings.push_back(recorder.vectors());
  add_parameters(
      before == nullptr ? std::vector<std::uint32_t>(9) : rotation_words(*before, recorder),
      dispatch);
  recorder.dispatch(std::move(dispatch));
}

// Over packed caches.
void record_packed(const Plan& plan, Recorder& recorder) {
  const Attention& op = plan.op;
  const std::int64_t tokens = op.query.shape[0];
  const PackedCache& packed = *plan.packed;
  Dispatch dispatch{
      .kernel = {"attention_packed",
                 {{"reduction", reduction_choice(recorder)}},
                 {{"workgroup_size", workgroup_size(tokens == 1 ? 128 : 64, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache), packed.table},
      .parameters = shared_words(plan, recorder),
      .workgroups = {word(plan.splits), word(op.query.shape[1]), word(tokens)},
  };
  add_parameters(words(packed.keys.row_bytes, packed.keys.units, packed.keys.unit_count,
                       packed.values.row_bytes, packed.values.units, packed.values.unit_count),
                 dispatch);
  add_parameters(packed.turning.words(), dispatch);
  recorder.dispatch(std::move(dispatch));
}

// Rows of query heads at `source`: queries into coordinates, their factors to where the op writes
// in the end; or sums of values back from coordinates.
void record_turn(const Attention& op, bool is_query, const PackedCache& packed,
                 std::uint32_t source, std::uint32_t target, Recorder& recorder) {
  const std::int64_t heads = op.query.shape[1];
  recorder.dispatch({
      .kernel = {"kv_turn", {}, {{"workgroup_size", workgroup_size(64, recorder.limits())}}},
      .bindings = {recorder.activations(), is_query ? packed.keys.codec : packed.values.codec},
      .parameters =
          words(op.query.shape[2], heads / op.key_cache.shape[0], is_query ? 1 : 0, source, target,
                recorder.activation_offset(op.out), is_query ? packed.turning.pairs : 0),
      .workgroups = {word(heads), word(op.query.shape[0]), 1},
  });
}

Result<void> record_attention(const Attention& op, const RopeKvWrite* before, bool is_turned,
                              Recorder& recorder) {
  if (op.query.shape.element_count() == 0) return {};
  const std::int64_t tokens = op.query.shape[0];
  const std::int64_t heads = op.query.shape[1];
  const std::int64_t head_size = op.query.shape[2];
  Plan plan{.op = op, .choices = {}, .packed = {}};
  TESSERA_TRY(plan.choices, cache_choices("Attention", op.key_cache, op.query.shape[2]));
  TESSERA_TRY_VOID(check_grid_extent("Attention", std::max(tokens, heads), recorder.limits()));
  const bool is_tiled = tokens >= kTileTokensMin;
  if (!is_tiled) plan.splits = split_count(op, tile_tokens(op, recorder));
  const std::int64_t partials =
      plan.splits > 1 ? tokens * heads * plan.splits * (head_size + 2) : 0;
  plan.query = recorder.activation_offset(op.query);
  if (op.key_cache.type == DataType::kKvRows) {
    TESSERA_TRY(plan.packed, packed_cache(op.key_codec, op.value_codec, recorder));
  }
  const bool turns = plan.packed && !is_turned;
  if (const std::int64_t turned = turns ? tokens * heads * head_size : 0; partials + turned > 0) {
    TESSERA_TRY(plan.partials, recorder.scratch(static_cast<std::size_t>(partials + turned)));
  }
  if (turns) {
    const std::uint32_t query = plan.query;
    plan.query = plan.partials + word(partials);
    record_turn(op, true, *plan.packed, query, plan.query, recorder);
  }
  if (is_tiled) {
    record_tile(plan, recorder);
  } else if (plan.packed) {
    record_packed(plan, recorder);
  } else {
    record_group(plan, before, recorder);
  }
  if (plan.splits > 1) record_combine(op, plan.splits, plan.partials, recorder);
  if (plan.packed) {
    const std::uint32_t out = recorder.activation_offset(op.out);
    record_turn(op, false, *plan.packed, out, out, recorder);
  }
  return {};
}

}  // namespace

Result<void> record(const Attention& op, Recorder& recorder) {
  return record_attention(op, nullptr, false, recorder);
}

Result<void> record(const RopeKvWrite& before, const Attention& op, Recorder& recorder) {
  TESSERA_CHECK(op.query.shape[0] == 1 && op.key_cache.type != DataType::kKvRows);
  return record_attention(op, &before, false, recorder);
}

Result<void> record_turned(const Attention& op, Recorder& recorder) {
  TESSERA_CHECK(op.key_cache.type == DataType::kKvRows);
  return record_attention(op, nullptr, true, recorder);
}

}  // namespace tessera::webgpu
