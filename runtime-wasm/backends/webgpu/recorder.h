// Recorder: what an op's kernels are recorded with, and the kernels: one overload for every op.
//
// Where tensors are. All activations (f32 and i32, KV cache excepted) lie in one buffer, which a
// shader binds once, read_write, as words; a tensor is an offset in words, and an op may write
// where it reads. All weight vectors (norms, biases; f32) lie in a second one, read-only. Each
// weight matrix and each KV cache has buffers of its own. A matrix larger than a binding or a
// buffer may be is cut between rows into parts.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/webgpu/device_limits.h"
#include "base/result.h"
#include "ops/op.h"

namespace tessera::webgpu {

// A range of a buffer, as a shader sees it.
struct Binding {
  std::uint32_t buffer = 0;
  std::uint32_t offset_bytes = 0;
  std::uint32_t size_bytes = 0;
};

// A shader and how it is specialised. Two equal kernels are one pipeline.
struct Kernel {
  std::string_view name;  // shaders/ops/<name>.wgsl
  // What `#include "weights/{weight}.wgsl"` and so on take in place of {weight}.
  std::vector<std::pair<std::string_view, std::string>> choices;
  // Values of `override` constants.
  std::vector<std::pair<std::string_view, std::uint32_t>> constants;
};

struct Dispatch {
  Kernel kernel;
  std::vector<Binding> bindings;          // @binding(1), @binding(2), …
  std::vector<std::uint32_t> parameters;  // the words of @binding(0), a uniform struct
  std::array<std::uint32_t, 3> workgroups = {1, 1, 1};
};

// Rows first_row … first_row + row_count - 1 of a matrix; first_row is a multiple of kPanelRows.
struct MatrixPart {
  Binding binding;
  std::int64_t first_row = 0;
  std::int64_t row_count = 0;
};

class Recorder {
 public:
  virtual ~Recorder() = default;

  virtual const DeviceLimits& limits() const = 0;
  // Whether kernels may use f16 arithmetic, subgroups and products of four bytes at once: what the
  // device has, less what a test or a person has switched off.
  virtual bool uses_f16() const = 0;
  virtual bool uses_subgroups() const = 0;
  virtual bool uses_byte_products() const = 0;

  // The two buffers that tensors share.
  virtual Binding activations() const = 0;
  virtual Binding vectors() const = 0;
  // Where a tensor begins in the one of them it lies in, in words; a multiple of 4 for a whole
  // tensor. REQUIRES: it lies there.
  virtual std::uint32_t activation_offset(const TensorRef& tensor) const = 0;
  virtual std::uint32_t vector_offset(const TensorRef& tensor) const = 0;

  // REQUIRES: a matrix of weights.
  virtual std::vector<MatrixPart> matrix_parts(const TensorRef& matrix) const = 0;
  // REQUIRES: a KV cache.
  virtual Binding cache(const TensorRef& cache) const = 0;
  // A buffer for shaders to read that holds these words; equal ones share it. Errors: kOutOfMemory.
  virtual Result<Binding> table(const std::vector<std::uint32_t>& words) = 0;

  // Words of the activations buffer, a multiple of 4 from its beginning, for what one op's
  // dispatches hand to each other; the next op gets the same. Errors: kOutOfMemory.
  virtual Result<std::uint32_t> scratch(std::size_t words) = 0;

  virtual void dispatch(Dispatch dispatch) = 0;
};

// Each REQUIRES a valid op. Errors: kOutOfMemory; kUnsupported where the device's limits are too
// small for the op.
Result<void> record(const Embedding& op, Recorder& recorder);
Result<void> record(const RmsNorm& op, Recorder& recorder);
Result<void> record(const MatMul& op, Recorder& recorder);
Result<void> record(const Rope& op, Recorder& recorder);
Result<void> record(const KvWrite& op, Recorder& recorder);
Result<void> record(const Attention& op, Recorder& recorder);
Result<void> record(const Add& op, Recorder& recorder);
Result<void> record(const GatedActivation& op, Recorder& recorder);
Result<void> record(const Sample& op, Recorder& recorder);

// Records ops in order, several as one dispatch where that gives the same results: an intermediate
// tensor is left unwritten if neither a later op nor `results` reads it.
Result<void> record_fused(std::span<const Op> ops, std::span<const TensorRef> results,
                          Recorder& recorder);

}  // namespace tessera::webgpu
