#include "tools/load_model.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <thread>
#include <utility>

#include "backends/cpu/cpu_backend.h"
#include "tools/sha256.h"

namespace tessera {

namespace {

// Reads a shard whole, and hands it to the model only if it has the hash of its name. `bytes` is
// room that one shard after another may use.
Result<void> load_shard(const PackageDirectory& package, std::uint32_t shard,
                        std::vector<std::byte>& bytes, TextModel& model) {
  const ShardEntry& entry = package.manifest().shards[shard];
  bytes.resize(static_cast<std::size_t>(entry.size_bytes));
  TESSERA_TRY_VOID(package.read_shard(shard, 0, bytes));
  if (sha256_hex(bytes) != entry.sha256) {
    return Error{ErrorCode::kInvalidFile, package.shard_path(entry) +
                                              " does not have the hash of its name: it is damaged; "
                                              "convert the model again"};
  }
  for (const TextModel::Destination& span : model.shard_spans(shard)) {
    const auto part =
        std::span(bytes).subspan(static_cast<std::size_t>(span.offset), span.host_bytes.size());
    std::ranges::copy(part, span.host_bytes.begin());
  }
  return model.finish_shard(shard);
}

}  // namespace

void add_load_options(CLI::App& command, LoadOptions& options) {
  options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  command.add_option("PACKAGE", options.package, "Directory made by tessera convert")->required();
  command.add_option("--threads", options.threads, "Threads that compute")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--activations", options.activations, "Activations of quantized layers")
      ->check(CLI::IsMember({"f32", "int8"}))
      ->capture_default_str();
  command.add_option("--kv", options.kv, "Type of the KV cache, or its bits for each number")
      ->check(CLI::IsMember({"f32", "f16", "8", "4", "3", "2"}))
      ->capture_default_str();
}

Result<std::unique_ptr<TextModel>> load_model(const LoadOptions& options) {
  TESSERA_TRY(auto backend,
              CpuBackend::create({options.threads, std::numeric_limits<std::size_t>::max()}));
  return load_model(options, std::move(backend));
}

Result<std::unique_ptr<TextModel>> load_model(const LoadOptions& options,
                                              std::unique_ptr<Backend> backend) {
  TESSERA_TRY(const PackageDirectory package, PackageDirectory::open(options.package));
  TextModelOptions model_options;
  model_options.context_tokens_max = options.context_tokens_max;
  model_options.activations = options.activations == "f32" ? Activations::kF32 : Activations::kInt8;
  model_options.kv_type = kv_type_from_name(options.kv).value();
  return load_model(package, model_options, std::move(backend));
}

Result<std::unique_ptr<TextModel>> load_model(const PackageDirectory& package,
                                              const TextModelOptions& options,
                                              std::unique_ptr<Backend> backend) {
  TESSERA_TRY(auto model, TextModel::create(package.manifest(), std::move(backend), options));
  const auto shards = static_cast<std::uint32_t>(package.manifest().shards.size());
  std::vector<std::byte> bytes;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    TESSERA_TRY_VOID(load_shard(package, shard, bytes, *model));
  }
  return model;
}

int report_error(const Error& error) {
  std::fprintf(stderr, "tessera: %s\n", error.message.c_str());
  return 1;
}

}  // namespace tessera
