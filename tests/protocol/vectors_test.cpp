// The golden frames of protocol/vectors, as the C++ readers see them.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/json.h"
#include "protocol/read_message.h"
#include "protocol/shard_frame.h"
#include "protocol/write_message.h"

namespace tessera::protocol {
namespace {

std::string read_vectors(const std::string& name) {
  std::ifstream file(TESSERA_SOURCE_DIR "/protocol/vectors/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(const JsonObject& object, const char* key) {
  const auto text = object.optional_string(key);
  return std::string(text.value().value_or(""));
}

// A refusal, or a message written again.
struct Outcome {
  std::optional<Refusal> refusal;
  std::string rewritten;
};

template <typename Message>
Outcome outcome_of(ReadResult<Message> result) {
  if (auto* refusal = std::get_if<Refusal>(&result)) return {*refusal, {}};
  return {std::nullopt, write_message(std::get<Message>(result))};
}

Outcome read_as(const std::string& from, const std::string& to, const std::string& text) {
  if (to == "client") return outcome_of(read_message_to_client(text));
  if (to == "runner") return outcome_of(read_message_to_runner(text));
  if (from == "runner") return outcome_of(read_runner_message(text));
  return outcome_of(read_client_message(text));
}

std::vector<std::byte> bytes_of(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t index = 0; index + 1 < hex.size(); index += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(index, 2), nullptr, 16)));
  }
  return bytes;
}

TEST_CASE("good messages are accepted and written back to the same meaning") {
  const std::string json = read_vectors("messages.json");
  const auto document = JsonDocument::parse(json);
  REQUIRE(document);
  const auto good = document->root().object()->array("good");
  REQUIRE(good->size() > 30);
  for (const JsonValue& vector : *good) {
    const auto object = vector.object();
    const std::string from = text_of(*object, "from");
    const std::string to = text_of(*object, "to");
    INFO(text_of(*object, "name"));
    const Outcome once = read_as(from, to, text_of(*object, "text"));
    REQUIRE_FALSE(once.refusal);
    const Outcome twice = read_as(from, to, once.rewritten);
    REQUIRE_FALSE(twice.refusal);
    CHECK(once.rewritten == twice.rewritten);
  }
}

TEST_CASE("bad messages are refused with the code and the field of the vector") {
  const std::string json = read_vectors("messages.json");
  const auto document = JsonDocument::parse(json);
  REQUIRE(document);
  const auto bad = document->root().object()->array("bad");
  REQUIRE(bad->size() > 30);
  for (const JsonValue& vector : *bad) {
    const auto object = vector.object();
    INFO(text_of(*object, "name"));
    const Outcome outcome =
        read_as(text_of(*object, "from"), text_of(*object, "to"), text_of(*object, "text"));
    REQUIRE(outcome.refusal);
    CHECK(error_row(outcome.refusal->problem.name).code == text_of(*object, "code"));
    CHECK(outcome.refusal->problem.param == text_of(*object, "param"));
    CHECK_FALSE(outcome.refusal->problem.message.empty());
  }
}

TEST_CASE("shard frames are read and written as in the vectors") {
  const std::string json = read_vectors("shard_frames.json");
  const auto document = JsonDocument::parse(json);
  REQUIRE(document);
  for (const JsonValue& vector : *document->root().object()->array("good")) {
    const auto object = vector.object();
    const auto expected = object->object("frame");
    INFO(text_of(*object, "name"));
    const auto bytes = bytes_of(text_of(*object, "hex"));
    const auto frame = read_shard_frame(bytes);
    REQUIRE(frame);
    CHECK(frame->request_id == *expected->integer("request_id"));
    CHECK(frame->offset == static_cast<std::uint64_t>(*expected->integer("offset")));
    CHECK(frame->is_last == *expected->boolean("is_last"));
    const auto payload = bytes_of(text_of(*expected, "payload"));
    CHECK(std::vector(frame->payload.begin(), frame->payload.end()) == payload);
    auto rewritten = write_shard_frame_header(*frame);
    CHECK(std::equal(rewritten.begin(), rewritten.end(), bytes.begin()));
  }
  for (const JsonValue& vector : *document->root().object()->array("bad")) {
    INFO(text_of(*vector.object(), "name"));
    CHECK_FALSE(read_shard_frame(bytes_of(text_of(*vector.object(), "hex"))));
  }
}

TEST_CASE("a shard frame with a payload over the limit is refused") {
  std::vector<std::byte> bytes(kShardFrameHeaderBytes + kShardFramePayloadBytesMax + 1);
  bytes[0] = std::byte{1};
  CHECK_FALSE(read_shard_frame(bytes));
  bytes.pop_back();
  CHECK(read_shard_frame(bytes));
}

TEST_CASE("a message of the other role is told apart from an unknown one") {
  const auto ready = read_client_message(R"({"type":"runner.ready","event_id":"e"})");
  REQUIRE(std::holds_alternative<Refusal>(ready));
  CHECK(std::get<Refusal>(ready).problem.name == ErrorName::kWrongRole);
  CHECK(std::get<Refusal>(ready).event_id == "e");
  const auto create = read_runner_message(R"({"type":"response.create","prompt":"a"})");
  CHECK(std::get<Refusal>(create).problem.name == ErrorName::kWrongRole);
}

TEST_CASE("messages that are nested too deeply or are not UTF-8 are refused") {
  const std::string deep =
      R"({"type":"session.ping","x":)" + std::string(100, '[') + std::string(100, ']') + "}";
  CHECK(std::holds_alternative<Refusal>(read_client_message(deep)));
  CHECK(std::holds_alternative<Refusal>(
      read_client_message("{\"type\":\"session.ping\",\"event_id\":\"\xff\"}")));
  CHECK(std::holds_alternative<Refusal>(
      read_client_message(R"({"type":"response.create","prompt":"\ud800"})")));
}

TEST_CASE("every error code has a sentence for the user and a way back from its name") {
  for (const ErrorRow& row : kErrors) {
    INFO(row.code);
    CHECK(error_row(error_name(row.code)).code == row.code);
    CHECK(row.user_sentence.ends_with("."));
    CHECK(row.http_status >= 400);
  }
  CHECK(error_name("never_heard_of") == ErrorName::kInternal);
}

TEST_CASE("codes of the runtime's errors are codes of the protocol") {
  for (const auto code :
       {ErrorCode::kInvalidArgument, ErrorCode::kInvalidFile, ErrorCode::kUnsupported,
        ErrorCode::kNotFound, ErrorCode::kOutOfMemory, ErrorCode::kContextFull, ErrorCode::kIo,
        ErrorCode::kDeviceLost, ErrorCode::kCancelled, ErrorCode::kInternal}) {
    CHECK(error_row(error_name(error_code_name(code))).code == error_code_name(code));
  }
}

}  // namespace
}  // namespace tessera::protocol
