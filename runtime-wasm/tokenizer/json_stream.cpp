#include "tokenizer/json_stream.h"

#include "simdjson.h"

namespace tessera {
namespace {

namespace ondemand = simdjson::ondemand;

Error json_error(simdjson::error_code code) {
  if (code == simdjson::MEMALLOC) {
    return Error{ErrorCode::kOutOfMemory, "no memory to parse the JSON text"};
  }
  return Error{ErrorCode::kInvalidFile,
               std::string("not valid JSON: ") + simdjson::error_message(code)};
}

Error wrong_kind(std::string_view expected) {
  return Error{ErrorCode::kInvalidFile, "expected " + std::string(expected)};
}

Result<std::string_view> text_of(ondemand::value value) {
  ondemand::object object;
  ondemand::array array;
  std::string_view text;
  simdjson::error_code code = simdjson::SUCCESS;
  if (!value.get_object().get(object)) {
    code = object.raw_json().get(text);
  } else if (!value.get_array().get(array)) {
    code = array.raw_json().get(text);
  } else {
    text = value.raw_json_token();
  }
  if (code) return json_error(code);
  return text;
}

// Whether something follows the value that was read last.
bool has_rest(ondemand::document& document) {
  return document.current_location().error() != simdjson::OUT_OF_BOUNDS;
}

// A merge that is one string: its halves stand around the only space.
Result<void> visit_joined_pair(std::string_view joined, const JsonStream::VisitPair& visit) {
  const std::size_t space = joined.find(' ');
  if (space == std::string_view::npos || joined.find(' ', space + 1) != std::string_view::npos) {
    return Error{ErrorCode::kInvalidFile,
                 "\"" + std::string(joined) + "\" is not two texts with a space between"};
  }
  return visit(joined.substr(0, space), joined.substr(space + 1));
}

Result<void> visit_pair(ondemand::value value, const JsonStream::VisitPair& visit) {
  std::string_view texts[2];
  if (!value.get_string().get(texts[0])) return visit_joined_pair(texts[0], visit);
  ondemand::array array;
  if (value.get_array().get(array)) return wrong_kind("a pair of strings");
  std::size_t count = 0;
  for (auto element : array) {
    if (count == 2) return wrong_kind("two strings, found more");
    if (element.get_string().get(texts[count++])) return wrong_kind("a pair of strings");
  }
  if (count != 2) return wrong_kind("a pair of strings");
  return visit(texts[0], texts[1]);
}

}  // namespace

struct JsonStream::State {
  explicit State(std::string_view json) : text(json) {}

  // Parses a slice of `text`. What lies behind it is readable, as simdjson demands.
  simdjson::error_code iterate(std::string_view slice, ondemand::document& document) {
    const std::size_t offset = static_cast<std::size_t>(slice.data() - text.data());
    const std::size_t readable = text.size() + simdjson::SIMDJSON_PADDING - offset;
    return parser.iterate(slice.data(), slice.size(), readable).get(document);
  }

  simdjson::padded_string text;
  ondemand::parser parser;
};

JsonStream::JsonStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
JsonStream::~JsonStream() = default;

Result<std::unique_ptr<JsonStream>> JsonStream::create(std::string_view json) {
  auto state = std::make_unique<State>(json);
  if (state->text.data() == nullptr) return json_error(simdjson::MEMALLOC);
  return std::unique_ptr<JsonStream>(new JsonStream(std::move(state)));
}

Result<std::vector<JsonSlice>> JsonStream::members() {
  return members(std::string_view(state_->text.data(), state_->text.size()));
}

Result<std::vector<JsonSlice>> JsonStream::members(std::string_view slice) {
  ondemand::document document;
  if (const auto code = state_->iterate(slice, document)) return json_error(code);
  ondemand::object object;
  if (document.get_object().get(object)) return wrong_kind("an object");
  std::vector<JsonSlice> members;
  for (auto result : object) {
    ondemand::field field;
    std::string_view key;
    if (const auto code = std::move(result).get(field)) return json_error(code);
    if (const auto code = field.unescaped_key().get(key)) return json_error(code);
    JsonSlice member{std::string(key), {}};
    TESSERA_TRY(member.text, text_of(field.value()));
    members.push_back(std::move(member));
  }
  if (has_rest(document)) return json_error(simdjson::TRAILING_CONTENT);
  return members;
}

Result<void> JsonStream::for_each_integer(std::string_view slice, const VisitInteger& visit) {
  ondemand::document document;
  if (const auto code = state_->iterate(slice, document)) return json_error(code);
  ondemand::object object;
  if (document.get_object().get(object)) return wrong_kind("an object");
  for (auto result : object) {
    ondemand::field field;
    std::string_view key;
    std::int64_t value = 0;
    if (const auto code = std::move(result).get(field)) return json_error(code);
    if (const auto code = field.unescaped_key().get(key)) return json_error(code);
    if (field.value().get_int64().get(value)) {
      return wrong_kind("an integer for \"" + std::string(key) + "\"");
    }
    TESSERA_TRY_VOID(visit(key, value));
  }
  return {};
}

Result<void> JsonStream::for_each_pair(std::string_view slice, const VisitPair& visit) {
  ondemand::document document;
  if (const auto code = state_->iterate(slice, document)) return json_error(code);
  ondemand::array array;
  if (document.get_array().get(array)) return wrong_kind("an array");
  for (auto result : array) {
    ondemand::value value;
    if (const auto code = std::move(result).get(value)) return json_error(code);
    TESSERA_TRY_VOID(visit_pair(value, visit));
  }
  return {};
}

}  // namespace tessera
