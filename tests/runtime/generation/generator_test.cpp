#include "generation/generator.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cmath>

#include "generation/chunk_size.h"
#include "support/lagging_backend.h"
#include "support/tiny_model.h"

namespace tessera {
namespace {

using testing::make_tiny_model;
using testing::TinyModelOptions;
using Ids = std::vector<std::int32_t>;

struct Answer {
  Ids ids;
  std::string text;
  FinishReason finish_reason = FinishReason::kNone;
  std::int64_t cached_tokens = 0;
};

// Float everywhere, so that ways to compute the same thing may be compared closely.
TinyModelOptions exact_options() {
  TinyModelOptions options;
  options.model.kv_type = KvType::kF32;
  options.model.activations = Activations::kF32;
  return options;
}

std::unique_ptr<TextModel> model_of(const TinyModelOptions& options) {
  auto model = make_tiny_model(options);
  INFO((model ? "" : model.error().message));
  REQUIRE(model.has_value());
  return std::move(model).value();
}

Answer answer(Generator& generator, GenerationRequest request) {
  auto start = generator.start(std::move(request));
  INFO((start ? "" : start.error().message));
  REQUIRE(start.has_value());
  Answer result;
  result.cached_tokens = start->cached_tokens;
  while (generator.is_active()) {
    auto step = generator.step();
    REQUIRE(step.has_value());
    const auto* token = std::get_if<GeneratedToken>(&*step);
    if (token == nullptr) continue;
    result.ids.push_back(token->token.id);
    result.text += token->text;
    result.finish_reason = token->finish_reason;
  }
  return result;
}

GenerationRequest request_for(Ids prompt, std::int64_t tokens_max) {
  GenerationRequest request;
  request.prompt_ids = std::move(prompt);
  request.tokens_max = tokens_max;
  request.sampling.temperature = 0.8f;
  request.sampling.seed = 42;
  request.ignores_end = true;
  return request;
}

double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

const Ids kPrompt = {3, 14, 15, 9, 26, 5, 35, 8, 9, 7, 9, 32, 3, 8, 4, 6, 2};

TEST_CASE("logits do not depend on how a prompt is cut into chunks") {
  std::vector<float> whole;
  for (const std::int64_t chunk : {64, 1, 3, 16}) {
    TinyModelOptions options = exact_options();
    options.model.chunk_tokens_max = chunk;
    const auto model = model_of(options);
    auto logits = Generator(*model).forward_all(kPrompt);
    REQUIRE(logits.has_value());
    if (whole.empty()) whole = *logits;
    INFO("chunks of " << chunk);
    CHECK(relative_difference(*logits, whole) < 1e-5);
  }
}

TEST_CASE("later tokens do not change the logits of earlier ones") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  auto longer = generator.forward_all(kPrompt);
  auto shorter = generator.forward_all(Ids(kPrompt.begin(), kPrompt.begin() + 5));
  REQUIRE(longer.has_value());
  REQUIRE(shorter.has_value());
  longer->resize(shorter->size());
  CHECK(relative_difference(*shorter, *longer) < 1e-5);
}

TEST_CASE("a package that lacks a tensor of its architecture is refused by name") {
  TinyModelOptions options = exact_options();
  options.architecture = "qwen3";
  const auto model = make_tiny_model(options);
  REQUIRE(!model.has_value());
  CHECK(model.error().code == ErrorCode::kInvalidFile);
  CHECK(model.error().message.find("q_norm") != std::string::npos);
}

TEST_CASE("the same seed gives the same answer, whatever the threads and the cache") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  const Answer first = answer(generator, request_for(kPrompt, 20));
  const Answer again = answer(generator, request_for(kPrompt, 20));
  CHECK(first.ids.size() == 20);
  CHECK(first.finish_reason == FinishReason::kLength);
  CHECK(first.cached_tokens == 0);
  CHECK(again.cached_tokens == static_cast<std::int64_t>(kPrompt.size()) - 1);
  CHECK(again.ids == first.ids);

  TinyModelOptions threaded = exact_options();
  threaded.threads = 3;
  const auto other = model_of(threaded);
  Generator other_generator(*other);
  CHECK(answer(other_generator, request_for(kPrompt, 20)).ids == first.ids);
}

TEST_CASE("a second turn reuses the keys and values of the first and answers as if it had not") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  const Answer first = answer(generator, request_for(kPrompt, 6));
  Ids second_prompt = kPrompt;
  second_prompt.insert(second_prompt.end(), first.ids.begin(), first.ids.end());
  second_prompt.insert(second_prompt.end(), {1, 2, 3});
  const Answer cached = answer(generator, request_for(second_prompt, 8));
  // All but the last token of the first answer were run.
  CHECK(cached.cached_tokens == static_cast<std::int64_t>(kPrompt.size()) + 5);

  const auto fresh_model = model_of(exact_options());
  Generator fresh(*fresh_model);
  CHECK(answer(fresh, request_for(second_prompt, 8)).ids == cached.ids);
}

TEST_CASE("another runner continues an answer with the tokens it would have had") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  const Answer whole = answer(generator, request_for(kPrompt, 16));
  const auto other_model = model_of(exact_options());
  Generator other(*other_model);
  GenerationRequest rest = request_for(kPrompt, 16);
  rest.continuation_ids.assign(whole.ids.begin(), whole.ids.begin() + 7);
  const Answer continued = answer(other, rest);
  CHECK(continued.ids == Ids(whole.ids.begin() + 7, whole.ids.end()));
}

TEST_CASE("an end token ends the answer and gives no text") {
  TinyModelOptions options = exact_options();
  options.tokenizer_json = testing::tiny_tokenizer_json();
  const auto model = model_of(options);
  Generator generator(*model);
  bool saw_end = false;
  for (std::uint64_t seed = 0; seed < 50 && !saw_end; ++seed) {
    GenerationRequest request = request_for(kPrompt, 40);
    request.ignores_end = false;
    request.sampling.temperature = 3.0f;
    request.sampling.seed = seed;
    const Answer result = answer(generator, request);
    if (result.finish_reason != FinishReason::kStop) continue;
    saw_end = true;
    CHECK(result.ids.back() == 39);
    CHECK(result.text.find("<end>") == std::string::npos);
  }
  CHECK(saw_end);
}

TEST_CASE("a stop string that spans tokens ends the answer before it") {
  TinyModelOptions options = exact_options();
  options.tokenizer_json = testing::tiny_tokenizer_json();
  const auto model = model_of(options);
  Generator generator(*model);
  const Answer whole = answer(generator, request_for(kPrompt, 30));
  REQUIRE(whole.text.size() > 12);
  GenerationRequest request = request_for(kPrompt, 30);
  request.stop = {whole.text.substr(8, 3)};
  const std::size_t expected = whole.text.find(request.stop[0]);
  const Answer stopped = answer(generator, request);
  CHECK(stopped.finish_reason == FinishReason::kStop);
  CHECK(stopped.text == whole.text.substr(0, expected));
}

TEST_CASE("an answer stops when the context is full, a prompt that fills it is refused") {
  TinyModelOptions options = exact_options();
  options.model.context_tokens_max = 24;
  const auto model = model_of(options);
  Generator generator(*model);
  const Answer result = answer(generator, request_for(kPrompt, 1000));
  CHECK(result.finish_reason == FinishReason::kLength);
  CHECK(kPrompt.size() + result.ids.size() == 24);
  const auto refused = generator.start(request_for(Ids(24, 1), 1));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == ErrorCode::kContextFull);
}

TEST_CASE("impossible requests are refused by name") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  CHECK(generator.start(request_for({}, 5)).error().code == ErrorCode::kInvalidArgument);
  CHECK(generator.start(request_for({40}, 5)).error().message.find("40") != std::string::npos);
  CHECK(generator.start(request_for({-1}, 5)).error().code == ErrorCode::kInvalidArgument);
  CHECK(generator.start(request_for({1}, 0)).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a cancelled answer leaves the cache usable") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  const Answer whole = answer(generator, request_for(kPrompt, 10));
  REQUIRE(generator.start(request_for(Ids(20, 7), 10)).has_value());
  REQUIRE(generator.step().has_value());
  generator.cancel();
  CHECK(!generator.is_active());
  CHECK(answer(generator, request_for(kPrompt, 10)).ids == whole.ids);
}

// A model whose backend answers late; the backend stays reachable.
struct LaggingModel {
  explicit LaggingModel(int runs_in_flight_max, int polls_until_done,
                        const TinyModelOptions& options) {
    auto owned = std::make_unique<testing::LaggingBackend>(runs_in_flight_max, polls_until_done);
    backend = owned.get();
    model = make_tiny_model(options, std::move(owned)).value();
  }

  testing::LaggingBackend* backend;
  std::unique_ptr<TextModel> model;
};

TEST_CASE("a backend that answers late gives the same answers, asked for ahead") {
  TinyModelOptions options = exact_options();
  options.model.chunk_tokens_max = 5;
  options.tokenizer_json = testing::tiny_tokenizer_json();
  const auto model = model_of(options);
  Generator prompt_generator(*model);
  GenerationRequest request = request_for(kPrompt, 20);
  request.sampling.repetition_penalty = 1.3f;
  const Answer expected = answer(prompt_generator, request);
  for (const int ahead : {1, 2, 3}) {
    for (const int polls : {0, 1, 4}) {
      INFO(ahead << " runs in flight, done after " << polls << " polls");
      const LaggingModel lagging(ahead, polls, options);
      Generator generator(*lagging.model);
      const Answer first = answer(generator, request);
      CHECK(first.ids == expected.ids);
      CHECK(first.text == expected.text);
      CHECK(lagging.backend->reads_open() == 0);
      CHECK(lagging.backend->reads_most() == static_cast<std::size_t>(ahead));
      CHECK(answer(generator, request).ids == expected.ids);
    }
  }
}

TEST_CASE("chunks grow where they are done at once and shrink where they take long") {
  using std::chrono::milliseconds;
  CHECK(next_chunk_tokens(128, 512, milliseconds(5)) == 256);
  CHECK(next_chunk_tokens(256, 512, milliseconds(40)) == 512);
  CHECK(next_chunk_tokens(512, 512, milliseconds(5)) == 512);
  CHECK(next_chunk_tokens(384, 512, milliseconds(5)) == 512);
  CHECK(next_chunk_tokens(256, 512, milliseconds(100)) == 256);
  CHECK(next_chunk_tokens(512, 512, milliseconds(160)) == 256);
  CHECK(next_chunk_tokens(128, 512, milliseconds(900)) == 128);
  CHECK(next_chunk_tokens(128, 5, milliseconds(5)) == 5);
}

TEST_CASE("prompts in chunks that grow have the same answers") {
  TinyModelOptions options = exact_options();
  options.configuration_extra = R"("max_position_embeddings":1024,)";
  Ids prompt;
  for (std::int32_t i = 0; i < 700; ++i) prompt.push_back(i * i % 37);
  const auto plain = model_of(options);
  Generator expected(*plain);
  options.model.chunk_tokens_max = 512;
  const LaggingModel lagging(3, 1, options);
  Generator generator(*lagging.model);
  for (const std::size_t tokens : {700u, 400u, 650u}) {
    INFO(tokens << " tokens");
    const Ids part(prompt.begin() + 3, prompt.begin() + static_cast<std::ptrdiff_t>(tokens));
    CHECK(answer(generator, request_for(part, 6)).ids ==
          answer(expected, request_for(part, 6)).ids);
    std::ranges::reverse(prompt);  // nothing of the next one is cached
  }
}

TEST_CASE("what runs past the end of an answer leaves no trace in the next one") {
  TinyModelOptions options = exact_options();
  options.tokenizer_json = testing::tiny_tokenizer_json();
  const auto model = model_of(options);
  Generator plain(*model);
  const Answer whole = answer(plain, request_for(kPrompt, 30));
  GenerationRequest stopping = request_for(kPrompt, 30);
  stopping.stop = {whole.text.substr(8, 3)};
  Ids longer = kPrompt;
  longer.insert(longer.end(), whole.ids.begin(), whole.ids.begin() + 10);
  longer.push_back(4);
  const Answer expected = answer(plain, request_for(longer, 8));

  const LaggingModel lagging(3, 2, options);
  Generator generator(*lagging.model);
  CHECK(answer(generator, stopping).finish_reason == FinishReason::kStop);
  CHECK(lagging.backend->reads_open() == 0);
  CHECK(answer(generator, request_for(longer, 8)).ids == expected.ids);

  REQUIRE(generator.start(request_for(Ids(20, 7), 10)).has_value());
  REQUIRE(std::holds_alternative<Waiting>(generator.step().value()));
  generator.cancel();
  CHECK(lagging.backend->reads_open() == 0);
  CHECK(answer(generator, request_for(longer, 8)).ids == expected.ids);
}

TEST_CASE("a forward pass goes on after tokens that were run, and after no others") {
  const auto model = model_of(exact_options());
  Generator generator(*model);
  const auto whole = generator.forward_all(kPrompt);
  REQUIRE(whole.has_value());
  const auto vocabulary = whole->size() / kPrompt.size();
  // Back by twelve, then on after them; the middle was run with other tokens in between.
  REQUIRE(generator.begin_forward_all({1, 1, 1}, 5).has_value());
  REQUIRE(generator.continue_forward_all().has_value());
  REQUIRE(generator.begin_forward_all(Ids(kPrompt.begin() + 5, kPrompt.end()), 5).has_value());
  const auto rest = generator.continue_forward_all();
  REQUIRE(rest.has_value());
  REQUIRE(rest->has_value());
  const std::vector<float> expected(whole->begin() + static_cast<std::ptrdiff_t>(5 * vocabulary),
                                    whole->end());
  CHECK(relative_difference(**rest, expected) < 1e-5);
  CHECK(generator.begin_forward_all({1}, kPrompt.size()).has_value());
  const auto refused = generator.begin_forward_all({1}, kPrompt.size() + 2);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  CHECK(refused.error().message == "only 17 tokens were run, not the 19 to go on after");
}

TEST_CASE("nothing is asked for beyond the longest answer and the context") {
  TinyModelOptions options = exact_options();
  options.model.context_tokens_max = 24;
  const LaggingModel lagging(3, 1, options);
  Generator generator(*lagging.model);
  CHECK(answer(generator, request_for(kPrompt, 1000)).ids.size() == 24 - kPrompt.size());
  CHECK(answer(generator, request_for(kPrompt, 1)).ids.size() == 1);
  CHECK(answer(generator, request_for(kPrompt, 2)).ids.size() == 2);
}

TEST_CASE("whole forward passes wait for a late backend") {
  TinyModelOptions options = exact_options();
  options.model.chunk_tokens_max = 5;
  const auto model = model_of(options);
  const auto expected = Generator(*model).forward_all(kPrompt);
  const LaggingModel lagging(2, 3, options);
  Generator generator(*lagging.model);
  CHECK(generator.forward_all(kPrompt).error().code == ErrorCode::kUnsupported);
  REQUIRE(generator.begin_forward_all(kPrompt).has_value());
  int waits = 0;
  for (;; ++waits) {
    auto logits = generator.continue_forward_all();
    REQUIRE(logits.has_value());
    if (!*logits) continue;
    CHECK(**logits == *expected);
    break;
  }
  CHECK(waits > 0);
  CHECK(lagging.backend->reads_open() == 0);
}

TEST_CASE("a model over the memory budget is refused with both numbers, and nothing is kept") {
  TinyModelOptions options = exact_options();
  options.memory_budget_bytes = 20'000;
  const auto model = make_tiny_model(options);
  REQUIRE(!model.has_value());
  CHECK(model.error().code == ErrorCode::kOutOfMemory);
  CHECK(model.error().message.find("tensor") != std::string::npos);
}

}  // namespace
}  // namespace tessera
