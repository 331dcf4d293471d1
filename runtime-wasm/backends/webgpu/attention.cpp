#include "backends/webgpu/attention.h"

#include <algorithm>

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {
namespace {

constexpr std::int64_t kTileTokensMin =
    9;  // from here on tokens share what they read of the caches

// How many workgroups share the positions of a token and head: decided by how many there can be,
// since a recording is replayed for any position.
std::int64_t split_count(const Attention& op) {
  constexpr std::int64_t kSplitTokens = 256;
  constexpr std::int64_t kSplitsMax = 16;
  constexpr std::int64_t kUnsplitTokensMax = 512;
  const std::int64_t context = op.key_cache.shape[1];
  const std::int64_t seen =
      op.window_tokens > 0 ? std::min<std::int64_t>(op.window_tokens, context) : context;
  if (seen <= kUnsplitTokensMax) return 1;
  return std::min(kSplitsMax, divided_up(seen, kSplitTokens));
}

void record_combine(const Attention& op, std::int64_t splits, std::uint32_t partials,
                    Recorder& recorder) {
  const std::int64_t head_size = op.query.shape[2];
  recorder.dispatch({
      .kernel = {"attention_combine",
                 {},
                 {{"workgroup_size", workgroup_size(64, recorder.limits())}}},
      .bindings = {recorder.activations()},
      .parameters = words(head_size, splits, partials, recorder.activation_offset(op.out)),
      .workgroups = {word(op.query.shape[1]), word(op.query.shape[0]), 1},
  });
}

std::uint32_t norm_offset(const RmsNorm* norm, const Recorder& recorder) {
  return norm == nullptr ? kNowhere : recorder.vector_offset(norm->weight);
}

float epsilon_of(const RmsNorm* norm) {
  return norm == nullptr ? 0.0f : norm->epsilon;
}

// What queries/rotated.wgsl needs to know.
std::vector<std::uint32_t> rotation_words(const RopeKvWrite& plan, const Recorder& recorder) {
  return words(
      recorder.activation_offset(plan.key->x), recorder.activation_offset(plan.write->value),
      recorder.activation_offset(plan.query->frequencies), plan.query->frequencies.shape[0],
      plan.query->attention_scale, norm_offset(plan.query_norm, recorder),
      norm_offset(plan.key_norm, recorder), epsilon_of(plan.query_norm), epsilon_of(plan.key_norm));
}

void record_tile(const Attention& op, const std::string& cache, Recorder& recorder) {
  constexpr std::int64_t kTileTokens = 16;  // as in attention_tile.wgsl
  const std::int64_t tokens = op.query.shape[0];
  const std::int64_t heads = op.query.shape[1];
  recorder.dispatch({
      .kernel = {"attention_tile", {{"cache", cache}}, {}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters = words(
          tokens, heads, heads / op.key_cache.shape[0], op.query.shape[2], op.key_cache.shape[1],
          op.window_tokens, recorder.activation_offset(op.query),
          recorder.activation_offset(op.positions), recorder.activation_offset(op.out), op.scale),
      .workgroups = {word(heads), word(divided_up(tokens, kTileTokens)), 1},
  });
}

Result<void> record_attention(const Attention& op, const RopeKvWrite* before, Recorder& recorder) {
  if (op.query.shape.element_count() == 0) return {};
  const std::int64_t tokens = op.query.shape[0];
  const std::int64_t heads = op.query.shape[1];
  const std::int64_t head_size = op.query.shape[2];
  TESSERA_TRY(const std::string cache, cache_choice("Attention", op.key_cache));
  TESSERA_TRY_VOID(check_grid_extent("Attention", std::max(tokens, heads), recorder.limits()));
  if (tokens >= kTileTokensMin) {
    record_tile(op, cache, recorder);
    return {};
  }
  const std::int64_t splits = split_count(op);
  std::uint32_t partials = 0;
  if (splits > 1) {
    const std::int64_t count = tokens * heads * splits * (head_size + 2);
    TESSERA_TRY(partials, recorder.scratch(static_cast<std::size_t>(count)));
  }
  Dispatch dispatch{
      .kernel = {"attention_split",
                 {{"cache", cache},
                  {"reduction", reduction_choice(recorder)},
                  {"query", before == nullptr ? "plain" : "rotated"}},
                 {{"workgroup_size", workgroup_size(tokens == 1 ? 128 : 64, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters = words(heads, heads / op.key_cache.shape[0], head_size, op.key_cache.shape[1],
                          op.window_tokens, splits, recorder.activation_offset(op.query),
                          recorder.activation_offset(op.positions),
                          recorder.activation_offset(op.out), partials, op.scale),
      .workgroups = {word(splits), word(heads), word(tokens)},
  };
  if (before != nullptr) dispatch.bindings.push_back(recorder.vectors());
  const std::vector<std::uint32_t> rotation =
      before == nullptr ? std::vector<std::uint32_t>(9) : rotation_words(*before, recorder);
  dispatch.parameters.insert(dispatch.parameters.end(), rotation.begin(), rotation.end());
  recorder.dispatch(std::move(dispatch));
  if (splits > 1) record_combine(op, splits, partials, recorder);
  return {};
}

}  // namespace

Result<void> record(const Attention& op, Recorder& recorder) {
  return record_attention(op, nullptr, recorder);
}

Result<void> record(const RopeKvWrite& before, const Attention& op, Recorder& recorder) {
  TESSERA_CHECK(op.query.shape[0] == 1);
  return record_attention(op, &before, recorder);
}

Result<void> record(const RopeKvWrite& plan, Recorder& recorder) {
  const KvWrite& write = *plan.write;
  const std::int64_t tokens = write.key.shape[0];
  const std::int64_t query_heads = plan.query->x.shape[1];
  const std::int64_t key_value_heads = write.key.shape[1];
  TESSERA_TRY(const std::string cache, cache_choice("KvWrite", write.key_cache));
  TESSERA_TRY_VOID(check_grid_extent("KvWrite", tokens, recorder.limits()));
  recorder.dispatch({
      .kernel = {"rope_kv_write",
                 {{"cache", cache}, {"reduction", reduction_choice(recorder)}},
                 {{"workgroup_size", workgroup_size(64, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.vectors(), recorder.cache(write.key_cache),
                   recorder.cache(write.value_cache)},
      .parameters = words(
          query_heads, key_value_heads, write.key.shape[2], plan.query->frequencies.shape[0],
          write.key_cache.shape[1], recorder.activation_offset(plan.query->x),
          recorder.activation_offset(write.key), recorder.activation_offset(write.value),
          recorder.activation_offset(write.positions),
          recorder.activation_offset(plan.query->frequencies),
          norm_offset(plan.query_norm, recorder), norm_offset(plan.key_norm, recorder),
          epsilon_of(plan.query_norm), epsilon_of(plan.key_norm), plan.query->attention_scale),
      .workgroups = {word(query_heads + 2 * key_value_heads), word(tokens), 1},
  });
  return {};
}

}  // namespace tessera::webgpu
