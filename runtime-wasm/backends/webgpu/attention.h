// Attention on the GPU, and what may be done in the same dispatches or before them.
#pragma once

#include "backends/webgpu/recorder.h"

namespace tessera::webgpu {

// Query and key heads normed (if they have norms) and rotated, keys and values written to the
// caches, in one dispatch. The rotated keys themselves are not left in `key`.
struct RopeKvWrite {
  const RmsNorm* query_norm = nullptr;
  const RmsNorm* key_norm = nullptr;
  const Rope* query = nullptr;
  const Rope* key = nullptr;  // of the same positions, frequencies and scale
  const KvWrite* write = nullptr;
  // The attention over a packed cache that follows, or null: for it queries are left as the
  // coordinates of keys, and their factors where it writes in the end.
  const Attention* turns_query_for = nullptr;
};

Result<void> record(const RopeKvWrite& plan, Recorder& recorder);

// Attention of a single token over caches of floats with all that, the rotated query not left in
// `query` either.
Result<void> record(const RopeKvWrite& before, const Attention& op, Recorder& recorder);

// Attention over packed caches whose queries were turned.
Result<void> record_turned(const Attention& op, Recorder& recorder);

}  // namespace tessera::webgpu
