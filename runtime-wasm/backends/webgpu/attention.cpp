#include "ops/attention.h"

#include <algorithm>

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {
namespace {

// How many workgroups share the positions of a token and head: decided by how many there can be,
// since a recording is replayed for any position.
std::int64_t split_count(const Attention& op) {
  constexpr std::int64_t kSplitTokens = 256;
  constexpr std::int64_t kSplitsMax = 16;
  constexpr std::int64_t kTokensMax = 8;  // more of them are enough workgroups
  constexpr std::int64_t kUnsplitTokensMax = 512;
  const std::int64_t context = op.key_cache.shape[1];
  const std::int64_t seen =
      op.window_tokens > 0 ? std::min<std::int64_t>(op.window_tokens, context) : context;
  if (op.query.shape[0] > kTokensMax || seen <= kUnsplitTokensMax) return 1;
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

}  // namespace

Result<void> record(const Attention& op, Recorder& recorder) {
  if (op.query.shape.element_count() == 0) return {};
  const std::int64_t tokens = op.query.shape[0];
  const std::int64_t heads = op.query.shape[1];
  const std::int64_t head_size = op.query.shape[2];
  TESSERA_TRY(const std::string cache, cache_choice("Attention", op.key_cache));
  TESSERA_TRY_VOID(check_grid_extent("Attention", std::max(tokens, heads), recorder.limits()));
  const std::int64_t splits = split_count(op);
  std::uint32_t partials = 0;
  if (splits > 1) {
    const std::int64_t count = tokens * heads * splits * (head_size + 2);
    TESSERA_TRY(partials, recorder.scratch(static_cast<std::size_t>(count)));
  }
  recorder.dispatch({
      .kernel = {"attention_split",
                 {{"cache", cache}, {"reduction", reduction_choice(recorder)}},
                 {{"workgroup_size", workgroup_size(tokens == 1 ? 128 : 64, recorder.limits())}}},
      .bindings = {recorder.activations(), recorder.cache(op.key_cache),
                   recorder.cache(op.value_cache)},
      .parameters = words(heads, heads / op.key_cache.shape[0], head_size, op.key_cache.shape[1],
                          op.window_tokens, splits, recorder.activation_offset(op.query),
                          recorder.activation_offset(op.positions),
                          recorder.activation_offset(op.out), partials, op.scale),
      .workgroups = {word(splits), word(heads), word(tokens)},
  });
  if (splits > 1) record_combine(op, splits, partials, recorder);
  return {};
}

}  // namespace tessera::webgpu
