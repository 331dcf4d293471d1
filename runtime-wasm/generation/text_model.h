// TextModel: a package being loaded or ready to generate: its weights, tokenizer and decoder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/backend.h"
#include "base/result.h"
#include "model/decoder_model.h"
#include "model/weights.h"
#include "package/manifest.h"
#include "tokenizer/tokenizer.h"

namespace tessera {

struct TextModelOptions {
  std::int64_t context_tokens_max = 0;  // 0: the model's own, at most kContextTokensDefault
  std::int64_t chunk_tokens_max = 0;    // of a prompt at a time; 0: the backend's choice
  KvType kv_type = KvType::kF16;
  std::vector<KvLayerRows> kv_rows = {};  // of a packed cache; empty: as the manifest says
  Activations activations = Activations::kInt8;
};

inline constexpr std::int64_t kContextTokensDefault = 4096;

class TextModel {
 public:
  // Checks the manifest against its architecture and takes all memory the model will need.
  // Errors: kUnsupported naming the architecture; kInvalidFile; kOutOfMemory.
  static Result<std::unique_ptr<TextModel>> create(Manifest manifest,
                                                   std::unique_ptr<Backend> backend,
                                                   const TextModelOptions& options);

  // Where the bytes of a shard go. The tokenizer's shard has one span into memory of its own.
  // REQUIRES: shard < manifest().shards.size().
  struct Destination {
    std::uint64_t offset = 0;         // in the shard
    std::span<std::byte> host_bytes;  // empty if they go to a device's buffer:
    ShardSpan device;
  };
  std::vector<Destination> shard_spans(std::uint32_t shard);

  // The shard's bytes are in place and were verified. Errors: kInvalidFile from the tokenizer;
  // kInvalidArgument if the shard was finished before.
  Result<void> finish_shard(std::uint32_t shard);

  std::size_t finished_shards() const { return finished_count_; }
  bool is_ready() const { return finished_count_ == manifest_.shards.size(); }

  // The same weights with an empty KV cache of other rows. Nothing else may be done with the model
  // after an error. Errors: those of DecoderModel::create.
  Result<void> replace_kv_rows(std::vector<KvLayerRows> rows);

  const Manifest& manifest() const { return manifest_; }
  DecoderModel& decoder() { return *decoder_; }
  Backend& backend() { return *backend_; }
  const Backend& backend() const { return *backend_; }
  // Null until its shard is finished, or if the package has none.
  const Tokenizer* tokenizer() const { return tokenizer_.get(); }
  // Tokens that end an answer.
  const std::vector<std::int32_t>& end_token_ids() const { return end_token_ids_; }

 private:
  TextModel(Manifest manifest, std::unique_ptr<Backend> backend)
      : manifest_(std::move(manifest)), backend_(std::move(backend)) {}

  Result<void> read_end_tokens();
  Result<void> check_tokenizer() const;

  Manifest manifest_;
  std::unique_ptr<Backend> backend_;  // outlives what it allocated for
  std::optional<Weights> weights_;
  std::unique_ptr<DecoderModel> decoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::byte> tokenizer_bytes_;  // until its shard is finished
  std::vector<std::int32_t> end_token_ids_;
  std::vector<bool> finished_;
  std::size_t finished_count_ = 0;
};

}  // namespace tessera
