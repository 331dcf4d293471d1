// What a tab calls, driven as the tab does it: JSON in, JSON out, bytes through pointers.
#include "bindings/call.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

#include "base/json.h"
#include "base/json_writer.h"
#include "support/tiny_model.h"

namespace tessera {
namespace {

// A reply, kept alive for the views into it.
struct Reply {
  explicit Reply(std::string_view method, std::string_view parameters)
      : document(parse(call(method, parameters))) {}

  static JsonDocument parse(const std::string& text) {
    auto parsed = JsonDocument::parse(text);
    INFO(text);
    REQUIRE(parsed.has_value());
    return std::move(parsed).value();
  }
  JsonObject root() const { return document.root().object().value(); }
  JsonObject ok() const {
    INFO(document.root().text());
    const auto value = root().object("ok");
    REQUIRE(value.has_value());
    return value.value();
  }
  std::string error_code() const {
    const auto error = root().object("error");
    INFO(document.root().text());
    REQUIRE(error.has_value());
    CHECK(!error.value().string("message").value().empty());
    return std::string(error.value().string("code").value());
  }

  JsonDocument document;
};

std::string create_parameters(const Manifest& manifest, const std::string& options) {
  JsonWriter json;
  json.begin_object().key("manifest").string(write_manifest(manifest));
  json.key("options").raw(options).end_object();
  return std::move(json).take();
}

// A tiny model whose weights are all zero: every token is equally probable.
std::int64_t create_model(const testing::TinyModelOptions& options) {
  const Manifest manifest = testing::tiny_manifest(options);
  const Reply created("model.create", create_parameters(manifest, "{\"threads\":1}"));
  const std::int64_t model = created.ok().integer("model").value();
  for (std::size_t shard = 0; shard < manifest.shards.size(); ++shard) {
    const std::string named =
        "{\"model\":" + std::to_string(model) + ",\"shard\":" + std::to_string(shard) + "}";
    const Reply spans("model.shard_spans", named);
    for (const JsonValue& value : spans.ok().array("spans").value()) {
      const JsonObject span = value.object().value();
      auto* bytes =
          reinterpret_cast<char*>(static_cast<std::uintptr_t>(span.integer("pointer").value()));
      const auto size_bytes = static_cast<std::size_t>(span.integer("size_bytes").value());
      if (manifest.tokenizer_shard == shard) {
        REQUIRE(size_bytes == options.tokenizer_json.size());
        std::memcpy(bytes, options.tokenizer_json.data(), size_bytes);
      } else {
        std::memset(bytes, 0, size_bytes);
      }
    }
    CHECK(Reply("model.finish_shard", named).ok().integer("loaded").value() ==
          static_cast<std::int64_t>(shard) + 1);
  }
  return model;
}

std::string with_model(std::int64_t model, const std::string& rest) {
  return "{\"model\":" + std::to_string(model) + (rest.empty() ? "" : "," + rest) + "}";
}

TEST_CASE("a model is created, filled, asked and released") {
  testing::TinyModelOptions options;
  options.tokenizer_json = testing::tiny_tokenizer_json();
  const std::int64_t model = create_model(options);
  CHECK(Reply("tokenize", with_model(model, R"("text":"abc<end>")")).ok().array("ids")->size() ==
        4);
  // The vocabulary has the letters of "end", but no angle brackets.
  CHECK(Reply("tokenize", with_model(model, R"("text":"abc<end>","plain":true)"))
            .ok()
            .array("ids")
            ->size() == 6);
  CHECK(Reply("detokenize", with_model(model, R"("ids":[7,8])")).ok().string("text").value() ==
        "hi");
  const Reply started("generation.start",
                      with_model(model, R"("prompt":"abc","max_tokens":3,"temperature":0,
                                           "ignore_end":true,"logprobs":2)"));
  CHECK(started.ok().integer("prompt_tokens").value() == 3);

  const Reply prefill("generation.step", with_model(model, ""));
  CHECK(prefill.ok().string("phase").value() == "prefill");
  CHECK(prefill.ok().integer("done").value() == 3);
  for (int token = 0; token < 3; ++token) {
    const Reply step("generation.step", with_model(model, ""));
    CHECK(step.ok().string("phase").value() == "token");
    // All logits are equal, so the lowest id wins: "a", with probability 1 / 40.
    CHECK(step.ok().string("text").value() == "a");
    CHECK(step.ok().object("logprobs")->array("top")->size() == 2);
    CHECK(step.ok().require("finish_reason")->is_null() == (token < 2));
  }
  CHECK(Reply("generation.step", with_model(model, "")).error_code() == "invalid_argument");
  CHECK(Reply("generation.timings", with_model(model, "")).ok().integer("tokens").value() == 2);
  CHECK(Reply("memory", with_model(model, "")).ok().integer("weights_bytes").value() > 0);
  CHECK(Reply("forward", with_model(model, R"("ids":[1,2])")).ok().integer("columns").value() ==
        40);
  Reply("model.release", with_model(model, "")).ok();
  CHECK(Reply("memory", with_model(model, "")).error_code() == "not_found");
}

TEST_CASE("a model that is still loading says so") {
  const Reply created("model.create",
                      create_parameters(testing::tiny_manifest({}), "{\"threads\":1}"));
  const std::int64_t model = created.ok().integer("model").value();
  CHECK(Reply("generation.start", with_model(model, R"("prompt_ids":[1])")).error_code() ==
        "invalid_argument");
  CHECK(Reply("model.shard_spans", with_model(model, R"("shard":1)")).error_code() ==
        "invalid_file");
  Reply("model.release", with_model(model, "")).ok();
}

TEST_CASE("a packed cache on a GPU takes the bytes that it says") {
  const Manifest manifest = testing::tiny_manifest({});
  const auto on_gpu = [&](const std::string& kv_type) {
    return create_parameters(manifest, R"({"backend":"webgpu","kv_type":")" + kv_type + R"(","gpu":{
      "buffer_bytes_max":268435456,"binding_bytes_max":134217728,"storage_buffers_max":8,
      "workgroup_memory_bytes_max":16384,"workgroup_invocations_max":256,
      "workgroups_max":65535,"has_f16":false,"subgroup_size_min":4,"subgroup_size_max":128,
      "uses_f16":false,"uses_subgroups":false}})");
  };
  for (const char* kv_type : {"f16", "8", "4", "3", "2"}) {
    const Reply created("model.create", on_gpu(kv_type));
    const JsonObject ok = created.ok();
    const std::int64_t context = ok.integer("context_tokens_max").value();
    INFO(kv_type);
    CHECK(ok.object("memory")->integer("kv_cache_bytes").value() ==
          context * ok.integer("kv_bytes_per_token").value());
    Reply("model.release", with_model(ok.integer("model").value(), "")).ok();
  }
}

TEST_CASE("bytes for a tensor that is not on a GPU are refused") {
  const Manifest manifest = testing::tiny_manifest({});
  const auto written = [&](const std::string& options) {
    const Reply created("model.create", create_parameters(manifest, options));
    const std::int64_t model = created.ok().integer("model").value();
    const std::string bytes =
        R"("tensor":99999,"tensor_offset_bytes":0,"pointer":16,"size_bytes":4)";
    const std::string code = Reply("gpu.write", with_model(model, bytes)).error_code();
    Reply("model.release", with_model(model, "")).ok();
    return code;
  };
  CHECK(written(R"({"threads":1})") == "invalid_argument");
  CHECK(written(R"({"backend":"webgpu","gpu":{"binding_bytes_max":134217728}})") == "not_found");
}

TEST_CASE("bad calls are answered with an error that has a code") {
  CHECK(Reply("no.such.method", "{}").error_code() == "not_found");
  CHECK(Reply("memory", "{").error_code() == "invalid_file");
  CHECK(Reply("memory", "[]").error_code() == "invalid_file");
  CHECK(Reply("memory", "{}").error_code() == "invalid_file");
  CHECK(Reply("memory", R"({"model":99})").error_code() == "not_found");
  CHECK(Reply("model.create", R"({"manifest":"{}"})").error_code() == "invalid_file");
  const Manifest manifest = testing::tiny_manifest({});
  const auto refused = [&](const std::string& options) {
    return Reply("model.create", create_parameters(manifest, options)).error_code();
  };
  CHECK(refused(R"({"threads":0})") == "invalid_file");
  CHECK(refused(R"({"kv_type":"q4"})") == "invalid_argument");
  CHECK(refused(R"({"kv_type":"5"})") == "invalid_argument");
  CHECK(refused(R"({"activations":"int4"})") == "invalid_argument");
  CHECK(refused(R"({"context_tokens_max":65})") == "invalid_argument");
  CHECK(refused(R"({"memory_budget_bytes":1000})") == "out_of_memory");
}

}  // namespace
}  // namespace tessera
