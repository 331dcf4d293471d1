#include "server/openai/completion_writer.h"

#include <catch2/catch_test_macros.hpp>

#include "base/json.h"
#include "server/openai/model_list.h"

namespace tessera {
namespace {

protocol::ResponseCreated created() {
  protocol::ResponseCreated event;
  event.response_id = "r-1";
  event.model = "m";
  event.created_at = 5;
  return event;
}

protocol::ResponseDelta delta(const std::string& text) {
  protocol::ResponseDelta event;
  event.delta = text;
  event.token_ids = {1};
  return event;
}

protocol::ResponseCompleted completed() {
  protocol::ResponseCompleted event;
  event.finish_reason = protocol::ResponseCompletedFinishReason::kLength;
  event.usage.prompt_tokens = 3;
  event.usage.completion_tokens = 2;
  return event;
}

const std::string kHead =
    R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":5,"model":"m","choices":)";

TEST_CASE("a chat stream starts with the role and ends with the reason and DONE") {
  CompletionWriter writer(CompletionRequest{});
  CHECK(writer.stream_text(created()).empty());
  CHECK(
      writer.stream_text(delta("a\n")) ==
      kHead +
          R"([{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]})"
          "\n\n" +
          kHead +
          R"([{"index":0,"delta":{"content":"a\n"},"logprobs":null,"finish_reason":null}]})"
          "\n\n");
  CHECK(writer.stream_text(delta("")).empty());
  CHECK(writer.stream_text(delta("b")).find("role") == std::string::npos);
  CHECK(writer.stream_text(completed()) ==
        kHead + R"([{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]})" +
            "\n\ndata: [DONE]\n\n");
}

TEST_CASE("usage comes in a chunk of its own when it was asked for") {
  CompletionRequest request;
  request.includes_usage = true;
  CompletionWriter writer(request);
  writer.stream_text(created());
  CHECK(writer.stream_text(delta("a")).find(R"("usage":null)") != std::string::npos);
  CHECK(
      writer.stream_text(completed())
          .find(
              R"("choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5)") !=
      std::string::npos);
}

TEST_CASE("a failure in mid-stream is an error object") {
  CompletionWriter writer(CompletionRequest{});
  protocol::ResponseFailed failed;
  failed.error = {"runner_lost", "the tab was closed", {}};
  CHECK(
      writer.stream_text(failed) ==
      R"(data: {"error":{"message":"the tab was closed","type":"server_error","param":null,"code":"runner_lost"}})"
      "\n\n");
}

TEST_CASE("a whole chat answer has message, reason and usage") {
  CompletionWriter writer(CompletionRequest{});
  writer.add(created());
  writer.add(delta("a"));
  writer.add(delta("b"));
  writer.add(completed());
  CHECK(
      writer.body() ==
      R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":"ab","refusal":null},"logprobs":null,)"
      R"("finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2,)"
      R"("total_tokens":5,"prompt_tokens_details":{"cached_tokens":0}}})");
}

TEST_CASE("log probabilities have the shape of each endpoint") {
  protocol::ResponseDelta with_logprobs = delta("a");
  protocol::WireTokenLogprob token;
  token.token = "a";
  token.logprob = -0.5;
  token.top_logprobs.push_back({7, "b", std::vector<std::uint32_t>{98}, -1.5});
  with_logprobs.logprobs = std::vector{token};
  CompletionRequest request;
  request.create.logprobs = 1;
  CompletionWriter chat(request);
  chat.add(created());
  chat.add(with_logprobs);
  chat.add(completed());
  CHECK(chat.body().find(R"("logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],)"
                         R"("top_logprobs":[{"token":"b","logprob":-1.5,"bytes":[98]}]}])") !=
        std::string::npos);
  request.kind = CompletionKind::kText;
  CompletionWriter text(request);
  text.stream_text(created());
  text.stream_text(with_logprobs);
  CHECK(text.stream_text(with_logprobs)
            .find(R"("text":"a","logprobs":{"tokens":["a"],"token_logprobs":[-0.5],)"
                  R"("top_logprobs":[{"b":-1.5}],"text_offset":[1]})") != std::string::npos);
}

TEST_CASE("text completions have their own object and choices") {
  CompletionRequest request;
  request.kind = CompletionKind::kText;
  CompletionWriter writer(request);
  writer.stream_text(created());
  const std::string chunk = writer.stream_text(delta("a"));
  CHECK(chunk.find(R"("id":"cmpl-1","object":"text_completion")") != std::string::npos);
  CHECK(chunk.find(R"("choices":[{"index":0,"text":"a")") != std::string::npos);
}

TEST_CASE("model lists are JSON that names every model") {
  protocol::WireModel model;
  model.name = "a\"b";
  const std::string body = model_list_body({model}, 9);
  CHECK(
      body ==
      R"({"object":"list","data":[{"id":"a\"b","object":"model","created":9,"owned_by":"tessera"}]})");
  CHECK(JsonDocument::parse(body));
}

}  // namespace
}  // namespace tessera
