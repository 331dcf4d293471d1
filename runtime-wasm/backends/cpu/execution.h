// What an op's kernel is given to run with, and the kernels: one overload for every op.
#pragma once

#include "backends/cpu/rotation_table.h"
#include "backends/cpu/scratch.h"
#include "backends/cpu/thread_pool.h"
#include "base/result.h"
#include "ops/op.h"

namespace tessera::cpu {

struct Execution {
  ThreadPool& threads;
  Scratch& scratch;
  RotationTable& rotations;
};

// Each REQUIRES a valid op whose tensors are in host memory.
// Errors: kInvalidArgument for ids or positions out of range; kOutOfMemory for working memory.
Result<void> run(const Embedding& op, Execution& execution);
Result<void> run(const RmsNorm& op, Execution& execution);
Result<void> run(const MatMul& op, Execution& execution);
Result<void> run(const Rope& op, Execution& execution);
Result<void> run(const KvWrite& op, Execution& execution);
Result<void> run(const Attention& op, Execution& execution);
Result<void> run(const Add& op, Execution& execution);
Result<void> run(const GatedActivation& op, Execution& execution);
Result<void> run(const Sample& op, Execution& execution);

}  // namespace tessera::cpu
