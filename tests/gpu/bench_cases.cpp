#include "gpu/bench_cases.h"

#include <cmath>

namespace tessera::testing {
namespace {

// Llama 3.2 1B.
constexpr std::int64_t kHidden = 2048, kIntermediate = 8192, kVocabulary = 128256;
constexpr std::int64_t kQueryHeads = 32, kKeyValueHeads = 8, kHeadSize = 64, kContext = 4096;
constexpr int kCopies = 16;

TensorRef zeros(Backend& backend, DataType type, const Shape& shape, MemoryPurpose purpose) {
  return {type, shape, backend.allocate(type, shape, purpose).value(), 0};
}
TensorRef activation(Backend& backend, const Shape& shape) {
  return zeros(backend, DataType::kF32, shape, MemoryPurpose::kActivations);
}

double matrix_bytes(DataType type, std::int64_t rows, std::int64_t columns) {
  return static_cast<double>(tensor_size_bytes(type, Shape{rows, columns}).value());
}

// norm, products of one x, and what follows them.
std::vector<Op> products(Backend& backend, DataType type, std::int64_t tokens,
                         const std::vector<std::int64_t>& rows, std::int64_t columns,
                         bool is_normed, bool is_gated, bool is_added) {
  const TensorRef x = activation(backend, Shape{tokens, columns});
  TensorRef input = x;
  std::vector<Op> ops;
  if (is_normed) {
    input = activation(backend, x.shape);
    const TensorRef weight =
        zeros(backend, DataType::kF32, Shape{columns}, MemoryPurpose::kWeights);
    ops.emplace_back(RmsNorm{x, weight, input});
  }
  std::vector<TensorRef> outs;
  for (const std::int64_t count : rows) {
    outs.push_back(activation(backend, Shape{tokens, count}));
    const TensorRef weight = zeros(backend, type, Shape{count, columns}, MemoryPurpose::kWeights);
    ops.emplace_back(MatMul{input, weight, {}, outs.back()});
  }
  if (is_gated) ops.emplace_back(GatedActivation{outs[0], outs[1], outs[0]});
  if (is_added) {
    const TensorRef hidden = activation(backend, outs[0].shape);
    ops.emplace_back(Add{hidden, outs[0], hidden});
  }
  return ops;
}

void add_products(std::vector<BenchCase>& cases, DataType type, std::int64_t tokens) {
  const auto add = [&](const char* name, const std::vector<std::int64_t>& rows,
                       std::int64_t columns, bool is_normed, bool is_gated, bool is_added,
                       int copies) {
    BenchCase one{
        std::string(data_type_name(type)) + ", " + std::to_string(tokens) + " tokens, " + name,
        0.0,
        0.0,
        copies,
        {}};
    for (const std::int64_t count : rows) {
      one.bytes += matrix_bytes(type, count, columns);
      one.operations += 2.0 * static_cast<double>(tokens * count * columns);
    }
    one.make = [=](Backend& backend) {
      return products(backend, type, tokens, rows, columns, is_normed, is_gated, is_added);
    };
    cases.push_back(std::move(one));
  };
  const std::int64_t key_value = kKeyValueHeads * kHeadSize;
  add("norm, query, key, value", {kHidden, key_value, key_value}, kHidden, true, false, false,
      kCopies);
  add("attention output, residual", {kHidden}, kHidden, false, false, true, kCopies);
  add("norm, gate, up, activation", {kIntermediate, kIntermediate}, kHidden, true, true, false,
      kCopies);
  add("down, residual", {kHidden}, kIntermediate, false, false, true, kCopies);
  if (tokens == 1) add("norm, logits", {kVocabulary}, kHidden, true, false, false, 2);
}

// One token times a matrix of an 8B model: large enough that memory alone should count.
void add_large_vector(std::vector<BenchCase>& cases, DataType type) {
  constexpr std::int64_t kRows = 14336, kColumns = 4096;
  cases.push_back({std::string(data_type_name(type)) + ", 1 token, 14336 x 4096",
                   matrix_bytes(type, kRows, kColumns), 2.0 * kRows * kColumns, kCopies,
                   [=](Backend& backend) {
                     return products(backend, type, 1, {kRows}, kColumns, false, false, false);
                   }});
}

std::vector<Op> attention(Backend& backend, std::int64_t tokens, std::int32_t position) {
  const auto heads = [&](std::int64_t count) {
    return activation(backend, Shape{tokens, count, kHeadSize});
  };
  const auto cache = [&] {
    return zeros(backend, DataType::kF16, Shape{kKeyValueHeads, kContext, kHeadSize},
                 MemoryPurpose::kKvCache);
  };
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < tokens; ++t) ids.push_back(position + static_cast<int>(t));
  CaseTensors tensors(backend, 1);
  const TensorRef positions = tensors.i32(ids), query = heads(kQueryHeads),
                  key = heads(kKeyValueHeads), value = heads(kKeyValueHeads), keys = cache(),
                  values = cache(), frequencies = activation(backend, Shape{kHeadSize / 2});
  return {Rope{query, positions, frequencies}, Rope{key, positions, frequencies},
          KvWrite{key, value, positions, keys, values},
          Attention{query, keys, values, positions, heads(kQueryHeads), 0.125f}};
}

void add_attention(std::vector<BenchCase>& cases, std::int64_t tokens, std::int32_t position) {
  const double seen = static_cast<double>(position) + static_cast<double>(tokens) / 2;
  cases.push_back({std::to_string(tokens) + " tokens, attention from " + std::to_string(position),
                   seen * kKeyValueHeads * kHeadSize * 2 * 2,
                   4.0 * seen * static_cast<double>(tokens) * kQueryHeads * kHeadSize, kCopies,
                   [=](Backend& backend) { return attention(backend, tokens, position); }});
}

void add_sample(std::vector<BenchCase>& cases, const char* name,
                const SampleParameters& parameters) {
  cases.push_back({name, kVocabulary * 4.0, 0.0, 4, [=](Backend& backend) {
                     CaseTensors tensors(backend, 1);
                     std::vector<float> logits = tensors.random().uniform(kVocabulary, 6.0f);
                     for (int i = 0; i < 100; ++i) {
                       logits[static_cast<std::size_t>(tensors.random().below(kVocabulary))] =
                           12.0f + tensors.random().uniform(3.0f);
                     }
                     return std::vector<Op>{Sample{
                         tensors.activation(Shape{1, kVocabulary}, logits),
                         tensors.from_bytes(DataType::kI32, Shape{kSampleParametersWords},
                                            MemoryPurpose::kActivations,
                                            std::as_bytes(std::span(&parameters, 1))),
                         tensors.i32(std::vector<std::int32_t>(kVocabulary / 32)), tensors.i32({0}),
                         tensors.i32(std::vector<std::int32_t>(kSampleReportWords))}};
                   }});
}

}  // namespace

std::vector<BenchCase> bench_cases() {
  std::vector<BenchCase> cases;
  add_products(cases, DataType::kQ2, 1);
  add_products(cases, DataType::kQ3, 1);
  add_products(cases, DataType::kQ4, 1);
  add_products(cases, DataType::kQ8, 1);
  add_products(cases, DataType::kF16, 1);
  add_attention(cases, 1, 100);
  add_attention(cases, 1, 1000);
  add_attention(cases, 1, 4000);
  for (const DataType type :
       {DataType::kQ2, DataType::kQ3, DataType::kQ4S, DataType::kQ4, DataType::kQ8}) {
    add_large_vector(cases, type);
  }
  add_products(cases, DataType::kQ2, 512);
  add_products(cases, DataType::kQ3, 512);
  add_products(cases, DataType::kQ4, 512);
  add_attention(cases, 512, 0);
  add_sample(cases, "greedy", {.temperature = 0.0f});
  add_sample(cases, "temperature 0.8", {.temperature = 0.8f, .uniform = 0.5f});
  add_sample(cases, "top_k 40, top_p 0.95", {.top_k = 40, .top_p = 0.95f, .uniform = 0.5f});
  return cases;
}

}  // namespace tessera::testing
