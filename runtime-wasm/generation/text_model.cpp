#include "generation/text_model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/json.h"
#include "model/decoder_configuration.h"

namespace tessera {

Result<std::unique_ptr<TextModel>> TextModel::create(Manifest manifest,
                                                     std::unique_ptr<Backend> backend,
                                                     const TextModelOptions& options) {
  TESSERA_TRY(const DecoderConfiguration configuration,
              parse_decoder_configuration(manifest.architecture, manifest.configuration_json));
  std::unique_ptr<TextModel> model(new TextModel(std::move(manifest), std::move(backend)));
  TESSERA_TRY_VOID(model->read_end_tokens());
  TESSERA_TRY(Weights weights, Weights::allocate(model->manifest_, *model->backend_));
  model->weights_.emplace(std::move(weights));

  DecoderOptions decoder_options;
  decoder_options.context_tokens_max =
      options.context_tokens_max > 0
          ? options.context_tokens_max
          : std::min(configuration.context_tokens_max, kContextTokensDefault);
  decoder_options.chunk_tokens_max =
      options.chunk_tokens_max > 0
          ? options.chunk_tokens_max
          : model->backend_->chunk_tokens_max(activation_bytes_per_token(configuration));
  decoder_options.kv_type = options.kv_type;
  decoder_options.kv_rows = options.kv_rows;
  for (const KvCacheRows& rows : model->manifest_.kv_rows) {
    if (options.kv_rows.empty() && rows.type == options.kv_type) {
      decoder_options.kv_rows = rows.layers;
    }
  }
  decoder_options.activations = options.activations;
  TESSERA_TRY(model->decoder_, DecoderModel::create(configuration, *model->weights_,
                                                    *model->backend_, decoder_options));
  model->finished_.resize(model->manifest_.shards.size());
  return model;
}

Result<void> TextModel::replace_kv_rows(std::vector<KvLayerRows> rows) {
  const DecoderConfiguration configuration = decoder_->configuration();
  DecoderOptions options = decoder_->options();
  options.kv_rows = std::move(rows);
  decoder_.reset();  // its memory first
  TESSERA_TRY(decoder_, DecoderModel::create(configuration, *weights_, *backend_, options));
  return {};
}

std::vector<TextModel::Destination> TextModel::shard_spans(std::uint32_t shard) {
  std::vector<Destination> spans;
  if (manifest_.tokenizer_shard == shard) {
    tokenizer_bytes_.resize(static_cast<std::size_t>(manifest_.shards[shard].size_bytes));
    spans.push_back({0, tokenizer_bytes_, {}});
  }
  for (const ShardSpan& span : weights_->shard_spans(shard)) {
    Destination destination{span.offset, {}, span};
    if (span.buffer.host != nullptr) {
      destination.host_bytes = {span.buffer.host + span.buffer_offset_bytes,
                                static_cast<std::size_t>(span.size_bytes)};
    }
    spans.push_back(destination);
  }
  return spans;
}

Result<void> TextModel::finish_shard(std::uint32_t shard) {
  if (shard >= finished_.size() || finished_[shard]) {
    return Error{ErrorCode::kInvalidArgument,
                 "shard " + std::to_string(shard) + " does not exist or was finished before"};
  }
  if (manifest_.tokenizer_shard == shard) {
    const std::string_view json(reinterpret_cast<const char*>(tokenizer_bytes_.data()),
                                tokenizer_bytes_.size());
    auto tokenizer = Tokenizer::from_json(json);
    if (!tokenizer) return tokenizer.error().with_context("tokenizer.json");
    tokenizer_ = std::move(tokenizer).value();
    tokenizer_bytes_ = {};
    TESSERA_TRY_VOID(check_tokenizer());
  }
  finished_[shard] = true;
  ++finished_count_;
  return {};
}

// The manifest's generation.end_token_ids or, without them, the configuration's eos_token_id.
Result<void> TextModel::read_end_tokens() {
  TESSERA_TRY(const JsonDocument generation, JsonDocument::parse(manifest_.generation_json));
  TESSERA_TRY(const JsonObject defaults, generation.root().object());
  TESSERA_TRY(const JsonDocument configuration, JsonDocument::parse(manifest_.configuration_json));
  TESSERA_TRY(const JsonObject config, configuration.root().object());
  std::optional<JsonValue> ids = defaults.find("end_token_ids");
  if (!ids) ids = config.find("eos_token_id");
  if (!ids || ids->is_null()) return {};
  std::vector<JsonValue> values = {*ids};
  if (ids->is_array()) {
    TESSERA_TRY(values, ids->array());
  }
  for (const JsonValue& value : values) {
    TESSERA_TRY(const std::int64_t id, value.integer(0, std::numeric_limits<int>::max()));
    end_token_ids_.push_back(static_cast<std::int32_t>(id));
  }
  return {};
}

Result<void> TextModel::check_tokenizer() const {
  const auto tokens = static_cast<std::int64_t>(tokenizer_->vocabulary_size());
  const std::int64_t rows = decoder_->configuration().vocabulary_size;
  if (tokens <= rows) return {};
  return Error{ErrorCode::kInvalidFile, "the tokenizer has " + std::to_string(tokens) +
                                            " tokens, the model only " + std::to_string(rows)};
}

}  // namespace tessera
