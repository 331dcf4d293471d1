#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/json_writer.h"
#include "package/hugging_face_source.h"
#include "package/manifest.h"

namespace tessera {
namespace {

constexpr std::size_t kConfigurationSizeBytesMax = 4u << 20;
constexpr std::size_t kTokenizerSizeBytesMax = kShardSizeBytesMax;  // it becomes one shard
constexpr std::array<std::string_view, 4> kSpecialTokens = {"bos_token", "eos_token", "unk_token",
                                                            "pad_token"};
constexpr std::array<std::string_view, 5> kSamplingDefaults = {"temperature", "top_k", "top_p",
                                                               "min_p", "repetition_penalty"};

// The file's text, or nothing if there is no such file.
Result<std::optional<std::string>> read_optional(const std::string& path,
                                                 std::size_t size_bytes_max) {
  auto text = read_text_file(path, size_bytes_max);
  if (text) return std::optional<std::string>(std::move(*text));
  if (text.error().code == ErrorCode::kNotFound) return std::optional<std::string>();
  return text.error();
}

// A JSON file of the folder with an object in it; without the file, an empty object.
class JsonFile {
 public:
  static Result<JsonFile> read(const std::string& path) {
    TESSERA_TRY(const auto text, read_optional(path, kConfigurationSizeBytesMax));
    auto document = JsonDocument::parse(text.value_or("{}"));
    if (!document) return document.error().with_context(path);
    if (!document->root().is_object()) {
      return document->root().error("expected an object").with_context(path);
    }
    return JsonFile(path, std::move(*document));
  }

  const std::string& path() const { return path_; }
  JsonObject object() const { return *document_.root().object(); }

 private:
  JsonFile(std::string path, JsonDocument document)
      : path_(std::move(path)), document_(std::move(document)) {}

  std::string path_;
  JsonDocument document_;
};

// A token written as a string or as {"content": ...}; nothing for anything else.
std::optional<std::string> token_text(const JsonObject& object, std::string_view key) {
  auto value = object.find(key);
  if (value && value->is_object()) value = value->object()->find("content");
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(*value->string());
}

struct Folder {
  JsonFile configuration;
  JsonFile generation;
  JsonFile tokenizer;
  JsonFile special_tokens;

  std::optional<std::string> special_token(std::string_view name) const {
    const auto token = token_text(tokenizer.object(), name);
    return token ? token : token_text(special_tokens.object(), name);
  }
};

// A chat template: a string, or a list of {"name", "template"} of which "default" or the first
// counts.
std::optional<std::string> chat_template_of(const JsonObject& tokenizer_configuration) {
  const auto value = tokenizer_configuration.find("chat_template");
  if (!value) return std::nullopt;
  if (value->is_string()) return std::string(*value->string());
  if (!value->is_array()) return std::nullopt;
  std::optional<std::string> chosen;
  for (const JsonValue& entry : *value->array()) {
    if (!entry.is_object()) continue;
    const auto text = token_text(*entry.object(), "template");
    const auto name = token_text(*entry.object(), "name");
    if (text && (!chosen || name == "default")) chosen = text;
  }
  return chosen;
}

// Adds a token id or a list of them.
void add_ids(const std::optional<JsonValue>& value, std::vector<std::int64_t>& ids) {
  if (!value) return;
  if (value->is_array()) {
    for (const JsonValue& element : *value->array()) add_ids(element, ids);
    return;
  }
  const auto id = value->integer(0, 0x7fffffff);
  if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
}

// The id of an added token in tokenizer.json.
std::optional<JsonValue> added_token_id(const JsonObject& tokenizer, std::string_view content) {
  const auto added = tokenizer.find("added_tokens");
  if (!added || !added->is_array()) return std::nullopt;
  for (const JsonValue& entry : *added->array()) {
    if (entry.is_object() && token_text(*entry.object(), "content") == content) {
      return entry.object()->find("id");
    }
  }
  return std::nullopt;
}

// End tokens are all that any of the files names: chat models often end a turn with a token that
// only the tokenizer's configuration knows as such.
Result<std::string> generation_json(const Folder& folder, const std::string* tokenizer_text) {
  std::vector<std::int64_t> ids;
  add_ids(folder.generation.object().find("eos_token_id"), ids);
  add_ids(folder.configuration.object().find("eos_token_id"), ids);
  if (const auto eos = folder.special_token("eos_token"); eos && tokenizer_text != nullptr) {
    TESSERA_TRY(const JsonDocument tokenizer, JsonDocument::parse(*tokenizer_text));
    TESSERA_TRY(const JsonObject root, tokenizer.root().object());
    add_ids(added_token_id(root, *eos), ids);
  }
  JsonWriter json;
  json.begin_object().key("end_token_ids").begin_array();
  for (const std::int64_t id : ids) json.integer(id);
  json.end_array();
  for (const std::string_view name : kSamplingDefaults) {
    const auto value = folder.generation.object().find(name);
    if (value && value->number()) json.key(name).raw(value->text());
  }
  json.end_object();
  return std::move(json).take();
}

std::string special_tokens_json(const Folder& folder) {
  JsonWriter json;
  json.begin_object();
  for (const std::string_view name : kSpecialTokens) {
    const auto token = folder.special_token(name);
    json.key(name);
    token ? json.string(*token) : json.null();
  }
  json.end_object();
  return std::move(json).take();
}

Result<Folder> read_folder(const std::string& directory) {
  const std::string path = directory + "/config.json";
  const auto configuration = read_text_file(path, kConfigurationSizeBytesMax);
  if (!configuration && configuration.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kNotFound, directory + " has no config.json"};
  }
  TESSERA_TRY(JsonFile config, JsonFile::read(path));
  TESSERA_TRY(JsonFile generation, JsonFile::read(directory + "/generation_config.json"));
  TESSERA_TRY(JsonFile tokenizer, JsonFile::read(directory + "/tokenizer_config.json"));
  TESSERA_TRY(JsonFile special_tokens, JsonFile::read(directory + "/special_tokens_map.json"));
  return Folder{std::move(config), std::move(generation), std::move(tokenizer),
                std::move(special_tokens)};
}

}  // namespace

Result<ModelDescription> read_hugging_face_description(const std::string& directory,
                                                       std::string name) {
  TESSERA_TRY(const Folder folder, read_folder(directory));
  ModelDescription description;
  description.name = std::move(name);
  const auto model_type = folder.configuration.object().string("model_type");
  if (!model_type) return model_type.error().with_context(folder.configuration.path());
  description.architecture = *model_type;
  description.configuration_json = folder.configuration.object().value().text();
  TESSERA_TRY(description.tokenizer_json,
              read_optional(directory + "/tokenizer.json", kTokenizerSizeBytesMax));
  auto generation =
      generation_json(folder, description.tokenizer_json ? &*description.tokenizer_json : nullptr);
  if (!generation) return generation.error().with_context(directory + "/tokenizer.json");
  description.generation_json = std::move(*generation);
  description.special_tokens_json = special_tokens_json(folder);
  TESSERA_TRY(description.chat_template,
              read_optional(directory + "/chat_template.jinja", kConfigurationSizeBytesMax));
  if (!description.chat_template) {
    description.chat_template = chat_template_of(folder.tokenizer.object());
  }
  return description;
}

}  // namespace tessera
