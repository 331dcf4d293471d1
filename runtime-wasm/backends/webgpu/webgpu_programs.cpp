// Programs of the WebGPU backend: ops recorded into dispatches, dispatches into a list that the
// executor keeps.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "backends/webgpu/shader_library.h"
#include "backends/webgpu/webgpu_backend.h"
#include "base/json_writer.h"
#include "tensor/panel.h"

namespace tessera {

using webgpu::Binding;
using webgpu::Dispatch;
using webgpu::Kernel;
using webgpu::MatrixPart;
using webgpu::Opcode;

class WebGpuBackend::ListRecorder final : public webgpu::Recorder {
 public:
  explicit ListRecorder(WebGpuBackend& backend) : backend_(backend) {}

  const webgpu::DeviceLimits& limits() const override { return backend_.options_.limits; }
  bool uses_f16() const override { return backend_.options_.uses_f16; }
  bool uses_subgroups() const override { return backend_.options_.uses_subgroups; }
  bool uses_byte_products() const override { return backend_.options_.uses_byte_products; }

  Binding activations() const override { return whole(backend_.activations_); }
  Binding vectors() const override { return whole(backend_.vectors_); }

  std::uint32_t activation_offset(const TensorRef& tensor) const override {
    return word_offset(tensor, Home::kActivations);
  }
  std::uint32_t vector_offset(const TensorRef& tensor) const override {
    return word_offset(tensor, Home::kVectors);
  }

  std::vector<MatrixPart> matrix_parts(const TensorRef& matrix) const override {
    const Allocation& allocation = backend_.allocation_of(matrix);
    TESSERA_CHECK(allocation.home == Home::kOwnBuffers && matrix.offset_bytes == 0);
    const std::int64_t rows = matrix.shape[0];
    std::vector<MatrixPart> parts;
    std::int64_t first_row = 0;
    for (const Piece& piece : allocation.pieces) {
      const std::int64_t count = rows_in(matrix, piece, rows - first_row);
      parts.push_back({whole(piece), first_row, count});
      first_row += count;
    }
    return parts;
  }

  Binding cache(const TensorRef& cache) const override {
    const Allocation& allocation = backend_.allocation_of(cache);
    TESSERA_CHECK(allocation.home == Home::kOwnBuffers && allocation.pieces.size() == 1);
    return whole(allocation.pieces.front());
  }

  Result<Binding> table(const std::vector<std::uint32_t>& words) override {
    TESSERA_TRY(const Piece piece, backend_.table_of(words));
    return whole(piece);
  }

  Result<std::uint32_t> scratch(std::size_t words) override {
    return backend_.scratch_offset(words);
  }

  void dispatch(Dispatch dispatch) override { dispatches_.push_back(std::move(dispatch)); }

  // With bindings of the slabs as large as they are in the end.
  std::vector<Dispatch> take() {
    for (Dispatch& dispatch : dispatches_) {
      for (Binding& binding : dispatch.bindings) {
        if (binding.buffer == backend_.activations_.buffer()) binding = activations();
      }
    }
    return std::move(dispatches_);
  }

 private:
  static Binding whole(const webgpu::Slab& slab) {
    return {slab.buffer(), 0, static_cast<std::uint32_t>(slab.size_bytes())};
  }
  static Binding whole(const Piece& piece) {
    const std::size_t size = std::max<std::size_t>(16, (piece.size_bytes + 15) / 16 * 16);
    return {piece.buffer, 0, static_cast<std::uint32_t>(size)};
  }

  static std::int64_t rows_in(const TensorRef& matrix, const Piece& piece, std::int64_t rows_left) {
    const auto columns = matrix.shape[1];
    const std::size_t panel = webgpu::device_size_bytes(matrix.type, Shape{kPanelRows, columns});
    if (panel == 0) return rows_left;
    return std::min(rows_left, static_cast<std::int64_t>(piece.size_bytes / panel) * kPanelRows +
                                   (piece.size_bytes % panel != 0 ? kPanelRows : 0));
  }

  std::uint32_t word_offset(const TensorRef& tensor, Home home) const {
    const Allocation& allocation = backend_.allocation_of(tensor);
    TESSERA_CHECK(allocation.home == home);
    const std::size_t offset = allocation.pieces.front().offset_bytes + tensor.offset_bytes;
    return static_cast<std::uint32_t>(offset / 4);
  }

  WebGpuBackend& backend_;
  std::vector<Dispatch> dispatches_;
};

class WebGpuBackend::ListProgram final : public Program {
 public:
  ListProgram(WebGpuBackend& backend, std::uint32_t list, std::uint32_t uniforms)
      : backend_(backend), list_(list), uniforms_(uniforms) {}
  ~ListProgram() override {
    backend_.commands_.append(Opcode::kReleaseList, {list_});
    backend_.commands_.append(Opcode::kDestroyBuffer, {uniforms_});
  }

  std::uint32_t list() const { return list_; }

 private:
  WebGpuBackend& backend_;
  std::uint32_t list_;
  std::uint32_t uniforms_;
};

Result<std::unique_ptr<Program>> WebGpuBackend::prepare(std::span<const Op> ops,
                                                        std::span<const TensorRef> results) {
  ListRecorder recorder(*this);
  TESSERA_TRY_VOID(webgpu::record_fused(ops, results, recorder));
  commit_slabs();
  const std::vector<Dispatch> dispatches = recorder.take();
  return define_list(dispatches);
}

Result<void> WebGpuBackend::run(const Program& program) {
  commands_.append(Opcode::kRunList, {static_cast<const ListProgram&>(program).list()});
  return {};
}

Result<std::uint32_t> WebGpuBackend::scratch_offset(std::size_t words) {
  const std::size_t size_bytes = words * 4;
  if (!scratch_ || scratch_->size_bytes < size_bytes) {
    TESSERA_TRY_VOID(check_budget(size_bytes));
    // An older, smaller one stays for the lists that use it.
    TESSERA_TRY(const Allocation allocation, place_in_slab(size_bytes, Home::kActivations));
    use_.activations_bytes += size_bytes;
    scratch_ = allocation.pieces.front();
  }
  return static_cast<std::uint32_t>(scratch_->offset_bytes / 4);
}

Result<WebGpuBackend::Piece> WebGpuBackend::table_of(const std::vector<std::uint32_t>& words) {
  const auto found = tables_.find(words);
  if (found != tables_.end()) return found->second;
  const std::size_t size_bytes = words.size() * 4;
  TESSERA_TRY_VOID(check_budget(size_bytes));
  use_.weights_bytes += size_bytes;
  const Piece piece = create_piece(size_bytes);
  commands_.append(Opcode::kWriteBuffer, {piece.buffer, 0, static_cast<std::uint32_t>(size_bytes)},
                   std::as_bytes(std::span(words)));
  tables_.emplace(words, piece);
  return piece;
}

Result<std::uint32_t> WebGpuBackend::pipeline_for(const Kernel& kernel) {
  std::string label(kernel.name);
  for (const auto& [name, value] : kernel.choices) label.append(" ").append(value);
  std::string key = label;
  for (const auto& [name, value] : kernel.constants) {
    key.append(" ").append(name).append("=").append(std::to_string(value));
  }
  const auto found = pipelines_.find(key);
  if (found != pipelines_.end()) return found->second;

  TESSERA_TRY(const std::string code, webgpu::compose(kernel));
  JsonWriter json;
  json.begin_object();
  json.key("label").string(label);
  json.key("code").string(code);
  json.key("constants").begin_object();
  for (const auto& [name, value] : kernel.constants) json.key(name).integer(value);
  json.end_object().end_object();
  const std::string text = std::move(json).take();
  const std::uint32_t pipeline = next_id_++;
  commands_.append(Opcode::kCreatePipeline, {pipeline, static_cast<std::uint32_t>(text.size())},
                   std::as_bytes(std::span(text)));
  pipelines_.emplace(std::move(key), pipeline);
  return pipeline;
}

Result<std::unique_ptr<Program>> WebGpuBackend::define_list(std::span<const Dispatch> dispatches) {
  constexpr std::uint32_t kAlignmentWords = webgpu::kBindingAlignmentBytes / 4;
  const std::uint32_t uniforms = next_id_++;
  const std::uint32_t list = next_id_++;
  std::vector<std::uint32_t> uniform_words;
  std::vector<std::uint32_t> operands = {list, uniforms,
                                         static_cast<std::uint32_t>(dispatches.size())};
  for (const Dispatch& dispatch : dispatches) {
    TESSERA_TRY(const std::uint32_t pipeline, pipeline_for(dispatch.kernel));
    const auto offset = static_cast<std::uint32_t>(uniform_words.size());
    // A uniform struct is as long as a multiple of its alignment, at most 16 bytes.
    const auto size = static_cast<std::uint32_t>((dispatch.parameters.size() + 3) / 4 * 4);
    uniform_words.insert(uniform_words.end(), dispatch.parameters.begin(),
                         dispatch.parameters.end());
    uniform_words.resize((offset + std::max(size, 1u) + kAlignmentWords - 1) / kAlignmentWords *
                         kAlignmentWords);
    operands.insert(operands.end(), {pipeline, dispatch.workgroups[0], dispatch.workgroups[1],
                                     dispatch.workgroups[2], offset * 4, std::max(size, 4u) * 4,
                                     static_cast<std::uint32_t>(dispatch.bindings.size())});
    for (const Binding& binding : dispatch.bindings) {
      operands.insert(operands.end(), {binding.buffer, binding.offset_bytes, binding.size_bytes});
    }
  }
  const std::size_t uniform_bytes = std::max<std::size_t>(16, uniform_words.size() * 4);
  commands_.append(Opcode::kCreateBuffer,
                   {uniforms, static_cast<std::uint32_t>(uniform_bytes),
                    static_cast<std::uint32_t>(webgpu::BufferUsage::kUniform)});
  if (!uniform_words.empty()) {
    commands_.append(Opcode::kWriteBuffer,
                     {uniforms, 0, static_cast<std::uint32_t>(uniform_words.size() * 4)},
                     std::as_bytes(std::span(uniform_words)));
  }
  commands_.append(Opcode::kDefineList, operands);
  return std::unique_ptr<Program>(new ListProgram(*this, list, uniforms));
}

}  // namespace tessera
