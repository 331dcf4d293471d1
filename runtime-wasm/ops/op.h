// Op: the closed set of things a backend can do. A backend has one overload per alternative,
// reached by std::visit, so that a missing one does not compile.
#pragma once

#include <variant>

#include "ops/add.h"
#include "ops/attention.h"
#include "ops/embedding.h"
#include "ops/gated_activation.h"
#include "ops/kv_write.h"
#include "ops/matmul.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"
#include "ops/sample.h"

namespace tessera {

using Op = std::variant<Embedding, RmsNorm, MatMul, Rope, KvWrite, Attention, Add, GatedActivation,
                        Sample>;

// "RmsNorm" and so on, for messages and profiles.
const char* op_name(const Op& op);

// The first violated contract of the op, if any.
Result<void> validate(const Op& op);

}  // namespace tessera
