// How fast MatMul is, beside what this machine can do at most in the same run: bytes of weights per
// second against a plain pass over as many bytes, and operations (2 per weight and token) per
// second.
//
//   matmul_bench [threads=1] [rows=2048] [columns=768] [matrices=24] [seconds_per_row=0.3]
//
// As in a decode step, `matrices` different ones are multiplied in turn, so that weights come from
// where a model's weights would come from.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "backends/cpu/cpu_backend.h"
#include "backends/cpu/simd/simd.h"
#include "benchmarks/timing.h"
#include "support/random_values.h"

namespace tessera {
namespace {

struct Arguments {
  int threads = 1;
  std::int64_t rows = 2048;
  std::int64_t columns = 768;
  std::int64_t matrices = 24;
  double seconds = 0.3;
};

class Bench {
 public:
  explicit Bench(const Arguments& arguments)
      : arguments_(arguments),
        backend_(CpuBackend::create({.threads = arguments.threads}).value()) {}

  void run() {
    std::printf("%s, %d threads, %lld matrices of %lld x %lld\n", simd::kName, backend_->threads(),
                static_cast<long long>(arguments_.matrices),
                static_cast<long long>(arguments_.rows),
                static_cast<long long>(arguments_.columns));
    read_limit();
    for (const DataType type : {DataType::kQ2, DataType::kQ3, DataType::kQ4, DataType::kQ4S,
                                DataType::kQ4M, DataType::kQ8, DataType::kF16, DataType::kF32}) {
      for (const Activations activations : {Activations::kInt8, Activations::kF32}) {
        if (!is_quantized(type) && activations == Activations::kInt8) continue;
        for (const std::int64_t tokens : {1, 4, 32}) row(type, activations, tokens);
      }
    }
  }

 private:
  BufferRef allocate(std::size_t size_bytes) {
    return backend_->allocate(size_bytes, MemoryPurpose::kWeights).value();
  }

  // One thread adding up as many bytes as the q4 matrices have: what streaming can reach at most.
  void read_limit() {
    const std::size_t size =
        matrix_size(DataType::kQ4) * static_cast<std::size_t>(arguments_.matrices);
    const BufferRef buffer = allocate(size);
    float sink = 0.0f;
    const double seconds = shortest_s(arguments_.seconds, [&] {
      simd::F32 sums[4] = {simd::splat(0), simd::splat(0), simd::splat(0), simd::splat(0)};
      const auto* values = reinterpret_cast<const float*>(buffer.host);
      for (std::size_t i = 0; i + 4 * simd::kLanes <= size / 4; i += 4 * simd::kLanes) {
        for (int s = 0; s < 4; ++s) {
          const float* from = values + i + static_cast<std::size_t>(s * simd::kLanes);
          sums[s] = simd::add(sums[s], simd::load(from));
        }
      }
      for (const simd::F32& sum : sums) sink += simd::sum_of_lanes(sum);
    });
    backend_->release(buffer);
    std::printf("one thread reads %.1f GB/s (%.0f MB)%s\n",
                static_cast<double>(size) / seconds / 1e9, static_cast<double>(size) / 1e6,
                sink == 0.0f ? "" : "!");
  }

  std::size_t matrix_size(DataType type) const {
    return tensor_size_bytes(type, Shape{arguments_.rows, arguments_.columns}).value();
  }

  TensorRef tensor(DataType type, const Shape& shape) {
    return TensorRef{type, shape, allocate(tensor_size_bytes(type, shape).value()), 0};
  }

  // The sum of every op's shortest time, so that what else the machine does is measured least.
  double sum_of_shortest_s(const std::vector<Op>& ops) {
    std::vector<double> shortest(ops.size(), 1e30);
    const double begin = now_s();
    for (int passes = 0; passes < 4 || now_s() - begin < arguments_.seconds; ++passes) {
      for (std::size_t i = 0; i < ops.size(); ++i) {
        const double start = now_s();
        TESSERA_CHECK(backend_->run({&ops[i], 1}).has_value());
        shortest[i] = std::min(shortest[i], now_s() - start);
      }
    }
    return std::accumulate(shortest.begin(), shortest.end(), 0.0);
  }

  void row(DataType type, Activations activations, std::int64_t tokens) {
    testing::RandomValues random(1);
    const TensorRef x = tensor(DataType::kF32, Shape{tokens, arguments_.columns});
    for (float& value : x.host_span<float>()) value = random.uniform(1.0f);
    const TensorRef out = tensor(DataType::kF32, Shape{tokens, arguments_.rows});
    std::vector<Op> ops;
    for (std::int64_t i = 0; i < arguments_.matrices; ++i) {
      const TensorRef weight = tensor(type, Shape{arguments_.rows, arguments_.columns});
      // Every byte 0x33 or 0xb3 makes ordinary numbers of f32, f16 and of any block's scales alike.
      for (std::size_t byte = 0; byte < weight.buffer.size_bytes; ++byte) {
        weight.buffer.host[byte] = static_cast<std::byte>(0x33u | (random.next() & 0x80u));
      }
      ops.push_back(MatMul{x, weight, {}, out, activations});
    }
    const double seconds = sum_of_shortest_s(ops);
    const auto matrices = static_cast<double>(arguments_.matrices);
    const double bytes = matrices * static_cast<double>(matrix_size(type));
    const double operations = 2.0 * matrices * static_cast<double>(arguments_.rows) *
                              static_cast<double>(arguments_.columns * tokens);
    std::printf("%-4s %-4s %4lld tokens: %8.3f ms %7.1f GB/s %8.1f GOP/s\n",
                std::string(data_type_name(type)).c_str(),
                activations == Activations::kInt8 ? "int8" : "f32", static_cast<long long>(tokens),
                seconds * 1e3, bytes / seconds / 1e9, operations / seconds / 1e9);
    for (const Op& op : ops) backend_->release(std::get<MatMul>(op).weight.buffer);
    backend_->release(x.buffer);
    backend_->release(out.buffer);
  }

  Arguments arguments_;
  std::unique_ptr<CpuBackend> backend_;
};

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  tessera::Arguments arguments;
  if (argc > 1) arguments.threads = std::atoi(argv[1]);
  if (argc > 2) arguments.rows = std::atoll(argv[2]);
  if (argc > 3) arguments.columns = std::atoll(argv[3]);
  if (argc > 4) arguments.matrices = std::atoll(argv[4]);
  if (argc > 5) arguments.seconds = std::atof(argv[5]);
  tessera::Bench(arguments).run();
}
