// MatMul on the GPU, and what may be done in the same dispatch.
#pragma once

#include <span>

#include "backends/webgpu/recorder.h"

namespace tessera::webgpu {

struct MatMulPlan {
  // At most three, of one x. REQUIRES: where there are several, one type, and each matrix whole
  // (takes_several).
  std::span<const MatMul> members;
  const RmsNorm* norm = nullptr;           // its x is multiplied in place of the members' x
  const Add* residual = nullptr;           // of the only member's out; written instead of that
  const GatedActivation* gated = nullptr;  // of the two members' outs; written instead of them
};

// From this many tokens on a matrix is multiplied in tiles, and nothing but a residual is fused.
inline constexpr std::int64_t kTileTokensMin = 9;

// Whether these matrices can be multiplied in one dispatch.
bool takes_several(std::span<const MatMul> members, const Recorder& recorder);

Result<void> record(const MatMulPlan& plan, Recorder& recorder);

}  // namespace tessera::webgpu
