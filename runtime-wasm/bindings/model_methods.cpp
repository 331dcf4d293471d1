// Creating a model in linear memory and filling it shard by shard.
#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "backends/cpu/cpu_backend.h"
#include "backends/webgpu/webgpu_backend.h"
#include "bindings/methods.h"

namespace tessera {
namespace {

constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();

struct CreateOptions {
  bool is_on_gpu = false;
  WebGpuOptions gpu;
  int threads = 1;
  std::size_t memory_budget_bytes = std::numeric_limits<std::size_t>::max();
  TextModelOptions model;
};

Result<KvType> read_kv_type(const JsonObject& options) {
  TESSERA_TRY(const auto name, options.optional_string("kv_type"));
  if (!name) return KvType::kF16;
  if (const auto type = kv_type_from_name(*name)) return *type;
  return Error{ErrorCode::kInvalidArgument, "kv_type must be " + std::string(kKvTypeNames) +
                                                ", not \"" + std::string(*name) + "\""};
}

Result<CreateOptions> read_options(const JsonObject& parameters) {
  CreateOptions result;
  TESSERA_TRY(const auto options, parameters.optional_object("options"));
  if (!options) return result;
  TESSERA_TRY(const auto threads, options->optional_integer("threads", 1, 64));
  TESSERA_TRY(const auto context, options->optional_integer("context_tokens_max", 0, kInt32Max));
  TESSERA_TRY(const auto chunk, options->optional_integer("chunk_tokens_max", 1, 4096));
  TESSERA_TRY(const auto budget, options->optional_integer("memory_budget_bytes", 1));
  TESSERA_TRY(result.model.kv_type, read_kv_type(*options));
  TESSERA_TRY(const auto activations, options->optional_string("activations"));
  if (threads) result.threads = static_cast<int>(*threads);
  if (context) result.model.context_tokens_max = *context;
  if (chunk) result.model.chunk_tokens_max = *chunk;
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::size_t>::max());
  if (budget && static_cast<std::uint64_t>(*budget) < most) {
    result.memory_budget_bytes = static_cast<std::size_t>(*budget);
  }
  if (activations == "f32") {
    result.model.activations = Activations::kF32;
  } else if (activations && activations != "int8") {
    return Error{ErrorCode::kInvalidArgument, "activations must be f32 or int8"};
  }
  TESSERA_TRY(const auto backend, options->optional_string("backend"));
  if (backend == "webgpu") {
    result.is_on_gpu = true;
    TESSERA_TRY(const JsonObject gpu, options->object("gpu"));
    TESSERA_TRY(result.gpu, read_webgpu_options(gpu));
    result.gpu.memory_budget_bytes = result.memory_budget_bytes;
  } else if (backend && backend != "wasm") {
    return Error{ErrorCode::kInvalidArgument, "backend must be wasm or webgpu"};
  }
  return result;
}

void write_memory(const LoadedModel& loaded, JsonWriter& reply) {
  const MemoryUse use = loaded.model->backend().memory_use();
  const auto count = [](std::size_t bytes) {
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max()));
  };
  reply.begin_object();
  reply.key("weights_bytes").integer(count(use.weights_bytes));
  reply.key("kv_cache_bytes").integer(count(use.kv_cache_bytes));
  reply.key("activations_bytes").integer(count(use.activations_bytes));
  reply.key("budget_bytes").integer(count(use.budget_bytes));
  reply.key("kv_bytes_per_token").integer(count(loaded.model->decoder().kv_bytes_per_token()));
  reply.end_object();
}

// The buffers that a span's bytes are spread over, or the tensor that gpu.write takes them for.
void write_device_spans(const WebGpuBackend& gpu, const TextModel::Destination& span,
                        JsonWriter& reply) {
  std::uint64_t offset = span.offset;
  if (gpu.is_arranged(span.device.buffer)) {
    reply.begin_object();
    reply.key("offset").integer(static_cast<std::int64_t>(offset));
    reply.key("size_bytes").integer(static_cast<std::int64_t>(span.device.size_bytes));
    reply.key("tensor").integer(span.device.buffer.id);
    reply.key("tensor_offset_bytes")
        .integer(static_cast<std::int64_t>(span.device.buffer_offset_bytes));
    reply.end_object();
    return;
  }
  for (const DeviceRange& range :
       gpu.locate(span.device.buffer, static_cast<std::size_t>(span.device.buffer_offset_bytes),
                  static_cast<std::size_t>(span.device.size_bytes))) {
    reply.begin_object();
    reply.key("offset").integer(static_cast<std::int64_t>(offset));
    reply.key("size_bytes").integer(static_cast<std::int64_t>(range.size_bytes));
    reply.key("buffer").integer(range.buffer);
    reply.key("buffer_offset_bytes").integer(static_cast<std::int64_t>(range.offset_bytes));
    reply.end_object();
    offset += range.size_bytes;
  }
}

Result<std::uint32_t> read_shard(const LoadedModel& loaded, const JsonObject& parameters) {
  const std::size_t count = loaded.model->manifest().shards.size();
  if (count == 0) return Error{ErrorCode::kNotFound, "the package has no shards"};
  TESSERA_TRY(const std::int64_t shard,
              parameters.integer("shard", 0, static_cast<std::int64_t>(count) - 1));
  return static_cast<std::uint32_t>(shard);
}

}  // namespace

Result<void> model_create(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(const std::string_view text, parameters.string("manifest"));
  TESSERA_TRY(const CreateOptions options, read_options(parameters));
  TESSERA_TRY(Manifest manifest, parse_manifest(text));
  std::unique_ptr<Backend> backend;
  WebGpuBackend* gpu = nullptr;
  if (options.is_on_gpu) {
    TESSERA_TRY(auto created, WebGpuBackend::create(options.gpu));
    gpu = created.get();
    backend = std::move(created);
  } else {
    TESSERA_TRY(backend, CpuBackend::create({options.threads, options.memory_budget_bytes}));
  }
  TESSERA_TRY(auto model,
              TextModel::create(std::move(manifest), std::move(backend), options.model));
  const std::int64_t context = model->decoder().options().context_tokens_max;
  const auto kv_bytes = static_cast<std::int64_t>(model->decoder().kv_bytes_per_token());
  const std::int32_t id = models.add(std::move(model), gpu);
  reply.begin_object().key("model").integer(id);
  reply.key("context_tokens_max").integer(context);
  reply.key("kv_bytes_per_token").integer(kv_bytes);
  reply.key("memory");
  write_memory(models.at(id), reply);
  reply.end_object();
  return {};
}

Result<void> model_shard_spans(ModelTable& models, const JsonObject& parameters,
                               JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find(parameters));
  TESSERA_TRY(const std::uint32_t shard, read_shard(*loaded, parameters));
  reply.begin_object().key("spans").begin_array();
  for (const TextModel::Destination& span : loaded->model->shard_spans(shard)) {
    if (span.host_bytes.empty() && loaded->gpu != nullptr) {
      write_device_spans(*loaded->gpu, span, reply);
      continue;
    }
    reply.begin_object();
    reply.key("offset").integer(static_cast<std::int64_t>(span.offset));
    reply.key("size_bytes").integer(static_cast<std::int64_t>(span.host_bytes.size()));
    reply.key("pointer").integer(
        static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(span.host_bytes.data())));
    reply.end_object();
  }
  reply.end_array().end_object();
  return {};
}

Result<void> model_finish_shard(ModelTable& models, const JsonObject& parameters,
                                JsonWriter& reply) {
  TESSERA_TRY(LoadedModel * loaded, models.find(parameters));
  TESSERA_TRY(const std::uint32_t shard, read_shard(*loaded, parameters));
  TESSERA_TRY_VOID(loaded->model->finish_shard(shard));
  reply.begin_object();
  reply.key("loaded").integer(static_cast<std::int64_t>(loaded->model->finished_shards()));
  reply.key("total").integer(static_cast<std::int64_t>(loaded->model->manifest().shards.size()));
  reply.end_object();
  return {};
}

Result<void> model_release(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY_VOID(models.find(parameters));
  TESSERA_TRY(const std::int64_t id, parameters.integer("model", 0, kInt32Max));
  models.remove(static_cast<std::int32_t>(id));
  reply.begin_object().end_object();
  return {};
}

Result<void> memory(ModelTable& models, const JsonObject& parameters, JsonWriter& reply) {
  TESSERA_TRY(const LoadedModel* loaded, models.find(parameters));
  write_memory(*loaded, reply);
  return {};
}

}  // namespace tessera
