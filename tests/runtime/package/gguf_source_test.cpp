#include "package/gguf_source.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <numbers>

#include "base/json.h"
#include "package/llama3_rope_fit.h"
#include "support/tiny_gguf.h"

using Catch::Matchers::ContainsSubstring;
using namespace tessera;

namespace {

// A source that owns the bytes it reads.
class OwnedSource final : public ByteSource {
 public:
  explicit OwnedSource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const override {
    return MemorySource(bytes_).read(offset, out);
  }

 private:
  std::vector<std::byte> bytes_;
};

Result<std::unique_ptr<GgufSource>> open(const GgufBuilder& builder) {
  return GgufSource::open(std::make_unique<OwnedSource>(builder.build()), "");
}

JsonDocument parsed(const std::string& json) {
  INFO(json);
  auto document = JsonDocument::parse(json);
  REQUIRE(document);
  return std::move(*document);
}

std::size_t index_of(const ModelSource& source, std::string_view name) {
  for (std::size_t i = 0; i < source.tensors().size(); ++i) {
    if (source.tensors()[i].name == name) return i;
  }
  FAIL("no tensor " << name);
  return 0;
}

// The first float of every row: for counted tensors, the stored row's number times the columns.
std::vector<std::int64_t> stored_rows(const ModelSource& source, std::string_view name) {
  const std::size_t index = index_of(source, name);
  const SourceTensor& tensor = source.tensors()[index];
  std::vector<float> values(static_cast<std::size_t>(tensor.shape.element_count()));
  REQUIRE(source.read_rows(index, 0, std::as_writable_bytes(std::span(values))));
  std::vector<std::int64_t> rows;
  const std::int64_t step = tensor.shape.rank() == 1 ? 1 : tensor.columns();
  for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(step)) {
    rows.push_back(static_cast<std::int64_t>(values[i]) / step);
  }
  return rows;
}

std::string config_of(const GgufBuilder& builder) {
  auto source = open(builder);
  if (!source) FAIL(source.error().message);
  return (*source)->description().configuration_json;
}

// What Llama 3.1's rule divides each frequency by, from the rule's own words.
std::vector<float> llama3_divisors(double theta, double factor, double original, double high) {
  std::vector<float> divisors;
  for (int i = 0; i < 8; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(theta, i / 8.0);
    const double low_wavelength = original;
    const double high_wavelength = original / high;
    double divisor = 1;
    if (wavelength > low_wavelength) {
      divisor = factor;
    } else if (wavelength >= high_wavelength) {
      const double smooth = (original / wavelength - 1) / (high - 1);
      divisor = 1 / ((1 - smooth) / factor + smooth);
    }
    divisors.push_back(static_cast<float>(divisor));
  }
  return divisors;
}

}  // namespace

TEST_CASE("GGUF metadata becomes a Hugging Face configuration") {
  const auto document = parsed(config_of(tiny_gguf()));
  const auto config = document.root().object();
  CHECK(*config->string("model_type") == "llama");
  CHECK(*(*config->array("architectures"))[0].string() == "LlamaForCausalLM");
  CHECK(*config->integer("hidden_size") == 64);
  CHECK(*config->integer("intermediate_size") == 96);
  CHECK(*config->integer("num_hidden_layers") == 1);
  CHECK(*config->integer("num_attention_heads") == 4);
  CHECK(*config->integer("num_key_value_heads") == 2);
  CHECK(*config->integer("head_dim") == 16);
  CHECK(*config->integer("vocab_size") == kTinyVocabulary);
  CHECK(*config->integer("max_position_embeddings") == 128);
  CHECK(*config->number("rms_norm_eps") == 1e-5);
  CHECK(*config->object("rope_parameters")->number("rope_theta") == 500000.0);
  CHECK(*config->object("rope_parameters")->string("rope_type") == "default");
  CHECK(*config->boolean("tie_word_embeddings"));
  CHECK(!*config->boolean("attention_bias"));
}

TEST_CASE("an output matrix, biases and key lengths show in the configuration") {
  GgufBuilder builder = tiny_gguf();
  builder.u32("llama.attention.key_length", 16);
  builder.tensor("output.weight", {64, 11}, kGgmlF32, counted_f32(64 * 11));
  builder.tensor("blk.0.attn_q.bias", {64}, kGgmlF32, counted_f32(64));
  const auto document = parsed(config_of(builder));
  const auto config = document.root().object();
  CHECK(!*config->boolean("tie_word_embeddings"));
  CHECK(*config->boolean("attention_bias"));
  CHECK(*config->integer("head_dim") == 16);
}

TEST_CASE("rotary scaling of type linear and yarn is carried over, others are named") {
  GgufBuilder linear = tiny_gguf();
  linear.string("llama.rope.scaling.type", "linear").f32("llama.rope.scaling.factor", 4.0f);
  const auto document = parsed(config_of(linear));
  const auto rope = document.root().object()->object("rope_parameters");
  CHECK(*rope->string("rope_type") == "linear");
  CHECK(*rope->number("factor") == 4.0);
  GgufBuilder other = tiny_gguf();
  other.string("llama.rope.scaling.type", "longrope");
  CHECK_THAT(open(other).error().message, ContainsSubstring("\"longrope\" is not supported"));
}

TEST_CASE("frequency divisors become Llama 3's rotary scaling") {
  struct Case {
    double factor, original, high;
  };
  for (const Case c : {Case{8, 8192, 4}, Case{32, 8192, 4}, Case{8, 100, 4}, Case{4, 4096, 16}}) {
    INFO(c.factor << " " << c.original << " " << c.high);
    const std::vector<float> divisors = llama3_divisors(500000, c.factor, c.original, c.high);
    GgufBuilder builder = tiny_gguf();
    builder.tensor("rope_freqs.weight", {8}, kGgmlF32, bytes_of(divisors));
    const auto source = open(builder);
    if (!source) {
      // With fewer than two divisors on the ramp, other parameters than Llama 3's leave no trace.
      CHECK_THAT(source.error().message, ContainsSubstring("rope_freqs.weight"));
      CHECK(c.original != 8192);
      continue;
    }
    const auto document = parsed((*source)->description().configuration_json);
    const auto rope = document.root().object()->object("rope_parameters");
    CHECK(*rope->string("rope_type") == "llama3");
    const double ratio = *rope->number("high_freq_factor") / *rope->number("low_freq_factor");
    const auto again = llama3_divisors(
        500000, *rope->number("factor"),
        *rope->number("original_max_position_embeddings") / *rope->number("low_freq_factor"),
        ratio);
    for (std::size_t i = 0; i < 8; ++i) CHECK(std::abs(again[i] / divisors[i] - 1) < 2e-3);
  }
  CHECK(!fit_llama3_rope(std::vector<float>{1, 5, 2, 8}, 10000.0));
  CHECK(!fit_llama3_rope(std::vector<float>{0, -1}, 10000.0));
  CHECK(!fit_llama3_rope({}, 10000.0));
}

TEST_CASE("tensor names are translated, and unknown ones refused") {
  const auto source = open(tiny_gguf());
  REQUIRE(source);
  CHECK((*source)->tensors().size() == 11);
  for (const std::string_view name :
       {"model.embed_tokens.weight", "model.norm.weight", "model.layers.0.input_layernorm.weight",
        "model.layers.0.post_attention_layernorm.weight", "model.layers.0.self_attn.q_proj.weight",
        "model.layers.0.self_attn.o_proj.weight", "model.layers.0.mlp.down_proj.weight"}) {
    index_of(**source, name);
  }
  CHECK((*source)->tensors()[index_of(**source, "model.layers.0.mlp.down_proj.weight")].shape ==
        Shape{64, 96});
  for (const std::string_view name : {"blk.0.ffn_gate_exps.weight", "blk.x.attn_v.weight", "blk.0",
                                      "output.bias", "v.patch.weight"}) {
    GgufBuilder builder = tiny_gguf();
    builder.tensor(std::string(name), {4}, kGgmlF32, counted_f32(4));
    const auto result = open(builder);
    REQUIRE(!result);
    CHECK(result.error().code == ErrorCode::kUnsupported);
    CHECK_THAT(result.error().message, ContainsSubstring(std::string(name)));
  }
}

TEST_CASE("llama's interleaved query and key rows come back in Hugging Face's order") {
  GgufBuilder builder = tiny_gguf();
  builder.tensor("blk.0.attn_q.bias", {64}, kGgmlF32, counted_f32(64));
  const auto source = open(builder);
  REQUIRE(source);
  // Heads of 16: the halves 0..7 and 8..15 are stored as 0, 8, 1, 9, ...
  const std::vector<std::int64_t> head = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15};
  const auto expect_heads = [&](std::string_view name, std::int64_t heads) {
    const std::vector<std::int64_t> rows = stored_rows(**source, name);
    REQUIRE(rows.size() == static_cast<std::size_t>(heads * 16));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      INFO(name << " row " << i);
      CHECK(rows[i] == static_cast<std::int64_t>(i / 16 * 16) + head[i % 16]);
    }
  };
  expect_heads("model.layers.0.self_attn.q_proj.weight", 4);
  expect_heads("model.layers.0.self_attn.k_proj.weight", 2);
  expect_heads("model.layers.0.self_attn.q_proj.bias", 4);
  const auto untouched = stored_rows(**source, "model.layers.0.self_attn.v_proj.weight");
  for (std::size_t i = 0; i < untouched.size(); ++i) CHECK(untouched[i] == static_cast<int>(i));
}

TEST_CASE("rows are the same whether they are read one by one or all at once") {
  const auto source = open(tiny_gguf());
  REQUIRE(source);
  const std::size_t index = index_of(**source, "model.layers.0.self_attn.k_proj.weight");
  std::vector<float> all(32 * 64), row(64);
  REQUIRE((*source)->read_rows(index, 0, std::as_writable_bytes(std::span(all))));
  for (std::size_t i = 0; i < 32; ++i) {
    REQUIRE((*source)->read_rows(index, static_cast<std::int64_t>(i),
                                 std::as_writable_bytes(std::span(row))));
    CHECK(std::equal(row.begin(), row.end(), all.begin() + static_cast<std::ptrdiff_t>(i) * 64));
  }
}

TEST_CASE("architectures and head counts that do not fit are refused by name") {
  GgufBuilder unknown;
  unknown.string("general.architecture", "mamba");
  CHECK(open(unknown).error().code == ErrorCode::kUnsupported);
  CHECK_THAT(open(unknown).error().message, ContainsSubstring("\"mamba\""));
  GgufBuilder bare;
  CHECK_THAT(open(bare).error().message, ContainsSubstring("general.architecture is missing"));
  GgufBuilder odd;
  add_tiny_metadata(odd);
  odd.tensor("token_embd.weight", {64, 3}, kGgmlF32, counted_f32(192));
  odd.tensor("blk.0.attn_q.weight", {64, 20}, kGgmlF32, counted_f32(1280));
  CHECK_THAT(open(odd).error().message, ContainsSubstring("blk.0.attn_q.weight has 20 rows"));
}

TEST_CASE("ends of turns, special tokens and the chat template are found") {
  const auto source = open(tiny_gguf());
  REQUIRE(source);
  const ModelDescription& description = (*source)->description();
  CHECK(description.name == "Tiny");
  CHECK(description.generation_json == R"({"end_token_ids":[0,1]})");
  CHECK(description.chat_template == "{{ messages }}");
  const auto document = parsed(description.special_tokens_json);
  CHECK(*document.root().object()->string("eos_token") == "<|endoftext|>");
  CHECK(document.root().object()->find("pad_token")->is_null());
}
