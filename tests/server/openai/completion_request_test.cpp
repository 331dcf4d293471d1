#include "server/openai/completion_request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace tessera {
namespace {

using protocol::ErrorName;

CompletionRequest read(CompletionKind kind, const std::string& body) {
  auto result = read_completion_request(kind, body);
  if (const auto* problem = std::get_if<protocol::Problem>(&result)) FAIL(problem->message);
  return std::get<CompletionRequest>(result);
}

protocol::Problem refuse(CompletionKind kind, const std::string& body) {
  INFO(body);
  auto result = read_completion_request(kind, body);
  REQUIRE(std::holds_alternative<protocol::Problem>(result));
  return std::get<protocol::Problem>(result);
}

std::string chat_with(const std::string& members) {
  return R"({"model":"m","messages":[{"role":"user","content":"Hi"}])" +
         (members.empty() ? "" : "," + members) + "}";
}

TEST_CASE("a chat request is read with every setting") {
  const auto request = read(CompletionKind::kChat, chat_with(R"(
    "temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,"repetition_penalty":1.1,"seed":7,
    "max_tokens":12,"stop":["\n","END",""],"stream":true,"stream_options":{"include_usage":true},
    "logprobs":true,"top_logprobs":3,"ignore_end":true,"user":"me","metadata":{"a":[1]},"n":1,
    "presence_penalty":0,"tools":[],"response_format":{"type":"text"})"));
  CHECK(request.create.model == "m");
  REQUIRE(request.create.messages->size() == 1);
  CHECK(request.create.messages->front().content == "Hi");
  CHECK(request.create.temperature == 0.5);
  CHECK(request.create.top_k == 40u);
  CHECK(request.create.seed == 7u);
  CHECK(request.create.max_tokens == 12u);
  CHECK(request.create.stop == std::vector<std::string>{"\n", "END"});
  CHECK(request.create.logprobs == 3u);
  CHECK(request.create.ignore_end == true);
  CHECK(request.is_stream);
  CHECK(request.includes_usage);
}

TEST_CASE("what is absent or null stays the model's default") {
  const auto request =
      read(CompletionKind::kChat, chat_with(R"("temperature":null,"stop":null,"max_tokens":null)"));
  CHECK_FALSE(request.create.temperature);
  CHECK_FALSE(request.create.stop);
  CHECK_FALSE(request.create.max_tokens);
  CHECK_FALSE(request.create.logprobs);
  CHECK_FALSE(request.is_stream);
}

TEST_CASE("content may be text parts, and null means none") {
  const auto request = read(CompletionKind::kChat, R"({"messages":[
    {"role":"developer","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
    {"role":"assistant","content":null},{"role":"user","content":"c","name":"n"}]})");
  const auto& messages = *request.create.messages;
  CHECK(messages[0].content == "ab");
  CHECK(messages[0].role == protocol::WireMessageRole::kDeveloper);
  CHECK(messages[1].content.empty());
  CHECK(messages[2].name == "n");
}

TEST_CASE("the newer name of max_tokens wins, and stop may be one string") {
  const auto request =
      read(CompletionKind::kChat,
           chat_with(
               R"("max_tokens":5,"max_completion_tokens":6,"stop":"x","seed":-1,"logprobs":true)"));
  CHECK(request.create.max_tokens == 6u);
  CHECK(request.create.stop == std::vector<std::string>{"x"});
  CHECK(request.create.seed == protocol::kIntegerMax);
  CHECK(request.create.logprobs == 0u);
}

TEST_CASE("a text request takes a string, a list of one, or token ids") {
  CHECK(read(CompletionKind::kText, R"({"prompt":"a"})").create.prompt == "a");
  CHECK(read(CompletionKind::kText, R"({"prompt":["a"]})").create.prompt == "a");
  CHECK(read(CompletionKind::kText, R"({"prompt":[1,2]})").create.prompt_ids ==
        std::vector<std::uint32_t>{1, 2});
  CHECK(read(CompletionKind::kText, R"({"prompt":[[3]]})").create.prompt_ids ==
        std::vector<std::uint32_t>{3});
  CHECK(read(CompletionKind::kText, R"({"prompt":"a"})").create.max_tokens == 16u);
  CHECK(read(CompletionKind::kText, R"({"prompt":"a","logprobs":2})").create.logprobs == 2u);
}

TEST_CASE("wrong members are refused by name") {
  const auto param = [](const std::string& members) {
    return refuse(CompletionKind::kChat, chat_with(members)).param;
  };
  CHECK(param(R"("temperature":2.5)") == "temperature");
  CHECK(param(R"("temperature":"hot")") == "temperature");
  CHECK(param(R"("top_p":-1)") == "top_p");
  CHECK(param(R"("max_tokens":0)") == "max_tokens");
  CHECK(param(R"("max_tokens":1.5)") == "max_tokens");
  CHECK(param(R"("max_completion_tokens":1e9)") == "max_completion_tokens");
  CHECK(param(R"("seed":"x")") == "seed");
  CHECK(param(R"("stop":[1])") == "stop[0]");
  CHECK(param(R"("stop":7)") == "stop");
  CHECK(param(R"("stream":1)") == "stream");
  CHECK(param(R"("stream_options":true)") == "stream_options");
  CHECK(param(R"("stream_options":{"include_usage":2})") == "stream_options.include_usage");
  CHECK(param(R"("top_logprobs":21,"logprobs":true)") == "top_logprobs");
}

TEST_CASE("settings that would change the answer and do not exist here are refused") {
  for (const char* members :
       {R"("n":2)", R"("tools":[{"type":"function"}])",
        R"("response_format":{"type":"json_object"})", R"("frequency_penalty":0.5)",
        R"("logit_bias":{"5":1})", R"("audio":{"voice":"a"})"}) {
    CHECK(refuse(CompletionKind::kChat, chat_with(members)).name == ErrorName::kUnsupported);
  }
  CHECK(refuse(CompletionKind::kText, R"({"prompt":"a","echo":true})").param == "echo");
  CHECK(refuse(CompletionKind::kText, R"({"prompt":["a","b"]})").name == ErrorName::kUnsupported);
  const auto image = refuse(
      CompletionKind::kChat,
      R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})");
  CHECK(image.name == ErrorName::kUnsupported);
  CHECK(image.param == "messages[0].content[0]");
}

TEST_CASE("messages that are none are refused with their place") {
  const auto param = [](const std::string& messages) {
    return refuse(CompletionKind::kChat, "{\"messages\":" + messages + "}").param;
  };
  CHECK(param("[]") == "messages");
  CHECK(param("{}") == "messages");
  CHECK(param("[1]") == "messages[0]");
  CHECK(param(R"([{"role":"user"}])") == "messages[0].content");
  CHECK(param(R"([{"role":"king","content":""}])") == "messages[0].role");
  CHECK(param(R"([{"content":""}])") == "messages[0].role");
  CHECK(param(R"([{"role":"user","content":5}])") == "messages[0].content");
  CHECK(param(R"([{"role":"user","content":["a"]}])") == "messages[0].content[0]");
  CHECK(param(R"([{"role":"user","content":"","name":5}])") == "messages[0].name");
  const std::string name(protocol::kNameBytesMax + 1, 'n');
  CHECK(param(R"([{"role":"user","content":"","name":")" + name + "\"}]") == "messages[0].name");
  CHECK(refuse(CompletionKind::kText, "{}").param == "prompt");
  CHECK(refuse(CompletionKind::kText, R"({"prompt":[]})").param == "prompt");
  CHECK(refuse(CompletionKind::kText, R"({"prompt":[1,-1]})").param == "prompt[1]");
  CHECK(refuse(CompletionKind::kText, R"({"prompt":7})").param == "prompt");
}

TEST_CASE("bodies that are no JSON objects are refused") {
  const std::string good = chat_with("");
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(refuse(CompletionKind::kChat, good.substr(0, size)).name == ErrorName::kInvalidArgument);
  }
  for (const char* body : {"[]", "null", "1", "\"a\"", "{}x", "\xff"}) {
    CHECK(refuse(CompletionKind::kChat, body).name == ErrorName::kInvalidArgument);
  }
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    read_completion_request(CompletionKind::kChat, flipped);  // must not crash, whatever it says
  }
}

}  // namespace
}  // namespace tessera
