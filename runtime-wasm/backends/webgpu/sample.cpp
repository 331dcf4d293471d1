#include "ops/sample.h"

#include "backends/webgpu/dispatch_words.h"

namespace tessera::webgpu {
namespace {

constexpr std::int64_t kChunks = 64, kPartialWords = 8;  // as in sampling/logits.wgsl

std::uint32_t chunk_workgroup_size(std::int64_t vocabulary, const DeviceLimits& limits) {
  return workgroup_size(vocabulary / kChunks >= 512 ? 256 : 64, limits);
}

// The candidates are one workgroup's work: the larger it is, the better, if its memory suffices.
std::uint32_t choice_workgroup_size(std::int64_t vocabulary, const DeviceLimits& limits) {
  if (vocabulary < 8192) return workgroup_size(64, limits);
  return workgroup_size(limits.workgroup_memory_bytes_max >= 32768 ? 1024 : 512, limits);
}

}  // namespace

Result<void> record(const Sample& op, Recorder& recorder) {
  const std::int64_t vocabulary = op.logits.shape[1];
  TESSERA_TRY(const std::uint32_t partials,
              recorder.scratch(static_cast<std::size_t>(kChunks * kPartialWords + vocabulary)));
  const std::vector<std::uint32_t> parameters =
      words(vocabulary, divided_up(vocabulary, kChunks), recorder.activation_offset(op.logits),
            recorder.activation_offset(op.parameters), recorder.activation_offset(op.seen),
            recorder.activation_offset(op.token), recorder.activation_offset(op.report), partials,
            partials + word(kChunks * kPartialWords));
  recorder.dispatch({
      .kernel = {"sample_chunks",
                 {{"reduction", reduction_choice(recorder)}},
                 {{"workgroup_size", chunk_workgroup_size(vocabulary, recorder.limits())}}},
      .bindings = {recorder.activations()},
      .parameters = parameters,
      .workgroups = {word(kChunks), 1, 1},
  });
  recorder.dispatch({
      .kernel = {"sample_choose",
                 {},
                 {{"workgroup_size", choice_workgroup_size(vocabulary, recorder.limits())}}},
      .bindings = {recorder.activations()},
      .parameters = parameters,
  });
  return {};
}

}  // namespace tessera::webgpu
