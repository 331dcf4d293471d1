// How fast attention of a single token is over each type of KV cache, by position: time of a layer,
// and bytes of the cache per second.
//
//   attention_bench [threads=1] [query_heads=12] [key_value_heads=4] [head_size=64] [layers=12]
//
// As in a decode step, the caches of `layers` layers are read in turn, so that they come from where
// a model's caches would come from.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "backends/cpu/cpu_backend.h"
#include "backends/cpu/simd/simd.h"
#include "benchmarks/timing.h"
#include "support/kv_codecs.h"
#include "support/random_values.h"

namespace tessera {
namespace {

struct Arguments {
  int threads = 1;
  std::int64_t query_heads = 12;
  std::int64_t key_value_heads = 4;
  std::int64_t head_size = 64;
  std::int64_t layers = 12;
};

constexpr std::int64_t kContextTokens = 4096;

class Bench {
 public:
  explicit Bench(const Arguments& arguments)
      : arguments_(arguments),
        backend_(CpuBackend::create({.threads = arguments.threads}).value()) {}

  void run() {
    std::printf("%s, %d threads, %lld query heads, %lld of keys, of %lld\n", simd::kName,
                backend_->threads(), static_cast<long long>(arguments_.query_heads),
                static_cast<long long>(arguments_.key_value_heads),
                static_cast<long long>(arguments_.head_size));
    for (const KvType type :
         {KvType::kF32, KvType::kF16, KvType::k8, KvType::k4, KvType::k3, KvType::k2}) {
      row(type);
    }
  }

 private:
  TensorRef tensor(DataType type, const Shape& shape) {
    const std::size_t size = tensor_size_bytes(type, shape).value();
    return {type, shape, backend_->allocate(size, MemoryPurpose::kWeights).value(), 0};
  }

  KvCodec codec(KvType type) {
    KvCodec made;
    if (!is_packed(type)) return made;
    const std::int64_t heads = arguments_.key_value_heads, size = arguments_.head_size;
    testing::RandomValues random(3);
    made.matrices = tensor(DataType::kF16, Shape{heads * KvCodec::rows_of_head(size), size});
    const auto numbers = testing::reflecting_codec(heads, size, random);
    std::transform(numbers.begin(), numbers.end(),
                   reinterpret_cast<std::uint16_t*>(made.matrices.host_bytes()), float_to_half);
    made.format = kv_row_format(kv_row_bytes(type, size), size, KvSpectrum::kFlat);
    return made;
  }

  // Numbers near 1 whatever their type: as f32, as f16, and as a row's scale.
  TensorRef cache(KvType type, const KvCodec& codec) {
    const std::int64_t columns = is_packed(type) ? codec.format.size_bytes() : arguments_.head_size;
    const TensorRef made =
        tensor(kv_data_type(type), Shape{arguments_.key_value_heads, kContextTokens, columns});
    testing::RandomValues random(5);
    const std::size_t size = made.buffer.size_bytes;
    for (std::size_t i = 0; i < size; ++i) {
      made.host_bytes()[i] = static_cast<std::byte>(0x33u | (random.next() & 0x80u));
    }
    if (!is_packed(type)) return made;
    for (std::size_t i = 0; i < size; ++i) {
      const bool is_scale = i % static_cast<std::size_t>(columns) == 0;
      made.host_bytes()[i] = static_cast<std::byte>(is_scale ? 140 : random.next());
    }
    return made;
  }

  void row(KvType type) {
    testing::RandomValues random(1);
    const KvCodec of_rows = codec(type);
    const Shape heads{1, arguments_.query_heads, arguments_.head_size};
    const TensorRef query = tensor(DataType::kF32, heads);
    for (float& value : query.host_span<float>()) value = random.uniform(1.0f);
    const TensorRef positions = tensor(DataType::kI32, Shape{1});
    const TensorRef out = tensor(DataType::kF32, heads);
    std::vector<Op> ops;
    for (std::int64_t i = 0; i < arguments_.layers; ++i) {
      ops.push_back(Attention{query, cache(type, of_rows), cache(type, of_rows), positions, out,
                              0.125f, 0, of_rows, of_rows});
    }
    for (const std::int32_t position : {127, 1023, 4095}) {
      positions.host_span<std::int32_t>()[0] = position;
      // Of all ops in turn, so that what else the machine does is measured least.
      const double seconds =
          shortest_s(0.4, [&] { TESSERA_CHECK(backend_->run(ops).has_value()); }) /
          static_cast<double>(ops.size());
      const auto& cache = std::get<Attention>(ops[0]).key_cache;
      const double bytes = 2.0 * static_cast<double>(cache.buffer.size_bytes) /
                           static_cast<double>(kContextTokens) * (position + 1);
      std::printf(
          "  %-3s position %4d: %8.1f us a layer, %5.1f ns a position and head, %5.2f GB/s\n",
          std::string(kv_type_name(type)).c_str(), position, seconds * 1e6,
          seconds * 1e9 / static_cast<double>((position + 1) * arguments_.key_value_heads),
          bytes / seconds / 1e9);
    }
  }

  Arguments arguments_;
  std::unique_ptr<CpuBackend> backend_;
};

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  tessera::Arguments arguments;
  if (argc > 1) arguments.threads = std::atoi(argv[1]);
  if (argc > 2) arguments.query_heads = std::atoll(argv[2]);
  if (argc > 3) arguments.key_value_heads = std::atoll(argv[3]);
  if (argc > 4) arguments.head_size = std::atoll(argv[4]);
  if (argc > 5) arguments.layers = std::atoll(argv[5]);
  tessera::Bench(arguments).run();
}
