// What passes between a model on the GPU and the page that holds the device.
#include <algorithm>
#include <limits>

#include "bindings/methods.h"

namespace tessera {
namespace {

Result<WebGpuBackend*> gpu_of(LoadedModel& loaded) {
  if (loaded.gpu != nullptr) return loaded.gpu;
  return Error{ErrorCode::kInvalidArgument, "this model does not run on WebGPU"};
}

// Reads a whole number that may be absent, capped at what T holds.
template <typename T>
Result<void> read_limit(const JsonObject& gpu, std::string_view key, T& out) {
  TESSERA_TRY(const auto value, gpu.optional_integer(key, 0));
  if (!value) return {};
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  out = static_cast<T>(std::min(static_cast<std::uint64_t>(*value), kMax));
  return {};
}

Result<void> read_flag(const JsonObject& gpu, std::string_view key, bool& out) {
  TESSERA_TRY(const auto value, gpu.optional_boolean(key));
  if (value) out = *value;
  return {};
}

// The bytes in the heap that parameters name.
Result<std::span<const std::byte>> read_bytes(const JsonObject& parameters) {
  TESSERA_TRY(const std::int64_t pointer, parameters.integer("pointer", 1));
  TESSERA_TRY(const std::int64_t size, parameters.integer("size_bytes", 0, UINT32_MAX));
  const auto* bytes = reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(pointer));
  return std::span(bytes, static_cast<std::size_t>(size));
}

}  // namespace

Result<WebGpuOptions> read_webgpu_options(const JsonObject& gpu) {
  WebGpuOptions options;
  webgpu::DeviceLimits& limits = options.limits;
  TESSERA_TRY_VOID(read_limit(gpu, "buffer_bytes_max", limits.buffer_bytes_max));
  TESSERA_TRY_VOID(read_limit(gpu, "binding_bytes_max", limits.binding_bytes_max));
  TESSERA_TRY_VOID(read_limit(gpu, "storage_buffers_max", limits.storage_buffers_max));
  TESSERA_TRY_VOID(
      read_limit(gpu, "workgroup_memory_bytes_max", limits.workgroup_memory_bytes_max));
  TESSERA_TRY_VOID(read_limit(gpu, "workgroup_invocations_max", limits.workgroup_invocations_max));
  TESSERA_TRY_VOID(read_limit(gpu, "workgroups_max", limits.workgroups_max));
  TESSERA_TRY_VOID(read_flag(gpu, "has_f16", limits.has_f16));
  TESSERA_TRY_VOID(read_limit(gpu, "subgroup_size_min", limits.subgroup_size_min));
  TESSERA_TRY_VOID(read_limit(gpu, "subgroup_size_max", limits.subgroup_size_max));
  TESSERA_TRY_VOID(read_flag(gpu, "uses_f16", options.uses_f16));
  TESSERA_TRY_VOID(read_flag(gpu, "uses_subgroups", options.uses_subgroups));
  TESSERA_TRY_VOID(read_flag(gpu, "has_byte_products", limits.has_byte_products));
  TESSERA_TRY_VOID(read_flag(gpu, "uses_byte_products", options.uses_byte_products));
  return options;
}

Result<void> gpu_commands(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find(parameters));
  TESSERA_TRY(WebGpuBackend * gpu, gpu_of(*loaded));
  const std::span<const std::uint32_t> words = gpu->take_commands();
  reply.begin_object();
  reply.key("pointer").integer(
      static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(words.data())));
  reply.key("words").integer(static_cast<std::int64_t>(words.size()));
  reply.end_object();
  return {};
}

Result<void> gpu_deliver(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find(parameters));
  TESSERA_TRY(WebGpuBackend * gpu, gpu_of(*loaded));
  TESSERA_TRY(const std::int64_t ticket, parameters.integer("ticket", 0, UINT32_MAX));
  TESSERA_TRY(const std::span<const std::byte> bytes, read_bytes(parameters));
  TESSERA_TRY_VOID(gpu->deliver({static_cast<std::uint32_t>(ticket)}, bytes));
  reply.begin_object().end_object();
  return {};
}

Result<void> gpu_write(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find(parameters));
  TESSERA_TRY(WebGpuBackend * gpu, gpu_of(*loaded));
  TESSERA_TRY(const std::int64_t tensor, parameters.integer("tensor", 0, UINT32_MAX));
  TESSERA_TRY(const BufferRef buffer, gpu->find(static_cast<std::uint32_t>(tensor)));
  TESSERA_TRY(const std::int64_t offset, parameters.integer("tensor_offset_bytes", 0));
  TESSERA_TRY(const std::span<const std::byte> bytes, read_bytes(parameters));
  const auto begin = static_cast<std::uint64_t>(offset);
  if (begin > buffer.size_bytes || bytes.size() > buffer.size_bytes - begin) {
    return Error{ErrorCode::kInvalidArgument, "the tensor ends before these bytes do"};
  }
  TESSERA_TRY_VOID(gpu->write(buffer, static_cast<std::size_t>(begin), bytes));
  reply.begin_object().end_object();
  return {};
}

}  // namespace tessera
