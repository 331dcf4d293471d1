// The WebGPU backend without a GPU: where it puts tensors, what it asks the page to do.
#include "backends/webgpu/webgpu_backend.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace tessera {
namespace {

using webgpu::Opcode;

std::unique_ptr<WebGpuBackend> backend_with(std::size_t binding_bytes_max,
                                            std::size_t budget_bytes = SIZE_MAX) {
  WebGpuOptions options;
  options.limits.binding_bytes_max = binding_bytes_max;
  options.memory_budget_bytes = budget_bytes;
  return WebGpuBackend::create(options).value();
}

struct Command {
  Opcode opcode;
  std::vector<std::uint32_t> operands;
};

std::vector<Command> take(WebGpuBackend& backend) {
  std::vector<Command> commands;
  const auto words = backend.take_commands();
  for (std::size_t i = 0; i < words.size();) {
    const std::size_t count = words[i] >> 8;
    REQUIRE(count >= 1);
    REQUIRE(count <= words.size() - i);
    const auto* operands = words.data() + i + 1;
    commands.push_back({static_cast<Opcode>(words[i] & 255u), {operands, operands + count - 1}});
    i += count;
  }
  return commands;
}

}  // namespace

TEST_CASE(
    "a matrix larger than a binding is cut between panels, and bytes are found in its parts") {
  // A panel of q4 with 64 columns takes 288 bytes: three fit 1000.
  auto backend = backend_with(1000);
  const BufferRef matrix =
      backend->allocate(DataType::kQ4, Shape{60, 64}, MemoryPurpose::kWeights).value();
  CHECK(matrix.size_bytes == 8 * 288);
  const auto commands = take(*backend);
  REQUIRE(commands.size() == 3);
  CHECK(commands[0].opcode == Opcode::kCreateBuffer);
  CHECK(commands[0].operands[1] == 864);
  CHECK(commands[2].operands[1] == 576);

  const auto ranges = backend->locate(matrix, 800, 1000);
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[0].buffer == commands[0].operands[0]);
  CHECK(ranges[0].offset_bytes == 800);
  CHECK(ranges[0].size_bytes == 64);
  CHECK(ranges[1].offset_bytes == 0);
  CHECK(ranges[1].size_bytes == 864);
  CHECK(ranges[2].size_bytes == 72);

  backend->release(matrix);
  const auto released = take(*backend);
  REQUIRE(released.size() == 3);
  CHECK(released[2].opcode == Opcode::kDestroyBuffer);
  CHECK(backend->memory_use().total_bytes() == 0);
}

TEST_CASE("blocks that a device holds otherwise are counted and cut as it holds them") {
  // A panel of q2 with 64 columns takes 152 bytes in a file and 160 here: six fit 1000.
  auto backend = backend_with(1000);
  const BufferRef matrix =
      backend->allocate(DataType::kQ2, Shape{60, 64}, MemoryPurpose::kWeights).value();
  CHECK(matrix.size_bytes == 8 * 152);
  CHECK(backend->is_arranged(matrix));
  CHECK(backend->memory_use().weights_bytes == 8 * 160);
  const auto created = take(*backend);
  REQUIRE(created.size() == 2);
  CHECK(created[0].operands[1] == 960);
  CHECK(created[1].operands[1] == 320);

  // The bytes of blocks 11 and 12, behind half of block 10 and before half of block 13.
  const std::vector<std::byte> bytes(3 * 76);
  REQUIRE(backend->write(matrix, 10 * 76 + 38, bytes).has_value());
  const auto written = take(*backend);
  REQUIRE(written.size() == 2);
  CHECK(written[0].operands[0] == created[0].operands[0]);
  CHECK(written[0].operands[1] == 11 * 80);
  CHECK(written[0].operands[2] == 80);
  CHECK(written[1].operands[0] == created[1].operands[0]);
  CHECK(written[1].operands[1] == 0);
  CHECK(written[1].operands[2] == 80);
}

TEST_CASE("a matrix that no address reaches on the device is refused") {
  if (sizeof(std::size_t) > 4) SKIP("64 bits reach every matrix");
  // 2^32 bytes are 56 million blocks in a file, and a twentieth more here.
  auto backend = backend_with(128u << 20);
  constexpr std::int64_t kPanels = 4096;
  const auto groups = static_cast<std::int64_t>(SIZE_MAX / 76 / kPanels);
  const Shape shape{kPanels * 8, groups * 32};
  REQUIRE(tensor_size_bytes(DataType::kQ2, shape).has_value());
  const auto refused = backend->allocate(DataType::kQ2, shape, MemoryPurpose::kWeights);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == ErrorCode::kOutOfMemory);
}

TEST_CASE("a device too small for a row of weights, or for a layer's keys, says so") {
  auto backend = backend_with(1000);
  const auto row = backend->allocate(DataType::kF32, Shape{8, 64}, MemoryPurpose::kWeights);
  CHECK(row.error().code == ErrorCode::kUnsupported);
  const auto keys = backend->allocate(DataType::kF16, Shape{1, 64, 8}, MemoryPurpose::kKvCache);
  CHECK(keys.error().code == ErrorCode::kOutOfMemory);
  CHECK(keys.error().message.find("smaller context") != std::string::npos);
}

TEST_CASE("weights of every format are multiplied and looked up") {
  auto backend = backend_with(128u << 20);
  const auto tensor = [&](DataType type, const Shape& shape, MemoryPurpose purpose) {
    return TensorRef{type, shape, backend->allocate(type, shape, purpose).value(), 0};
  };
  const auto activation = [&](DataType type, const Shape& shape) {
    return tensor(type, shape, MemoryPurpose::kActivations);
  };
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kQ8, DataType::kQ4,
                              DataType::kQ4S, DataType::kQ4M, DataType::kQ3, DataType::kQ2}) {
    const TensorRef weight = tensor(type, Shape{8, 64}, MemoryPurpose::kWeights);
    const Op ops[] = {
        Embedding{weight, activation(DataType::kI32, Shape{1}),
                  activation(DataType::kF32, {1, 64})},
        MatMul{activation(DataType::kF32, {1, 64}), weight, {}, activation(DataType::kF32, {1, 8})},
        MatMul{
            activation(DataType::kF32, {9, 64}), weight, {}, activation(DataType::kF32, {9, 8})}};
    INFO(data_type_name(type));
    CHECK(backend->prepare(ops, {}).has_value());
  }
}

TEST_CASE("memory on the device is counted by purpose and kept within the budget") {
  auto backend = backend_with(128u << 20, 10'000);
  CHECK(backend->allocate(DataType::kF32, Shape{1000}, MemoryPurpose::kActivations).has_value());
  CHECK(backend->allocate(DataType::kF16, Shape{2, 10, 8}, MemoryPurpose::kKvCache).has_value());
  CHECK(backend->memory_use().activations_bytes == 4000);
  CHECK(backend->memory_use().kv_cache_bytes == 320);
  const auto refused = backend->allocate(DataType::kF32, Shape{80, 80}, MemoryPurpose::kWeights);
  CHECK(refused.error().code == ErrorCode::kOutOfMemory);
  CHECK(refused.error().message.find("4320 of 10000") != std::string::npos);
}

TEST_CASE("activations and vectors of weights share a buffer each") {
  auto backend = backend_with(128u << 20);
  const BufferRef a =
      backend->allocate(DataType::kF32, Shape{3}, MemoryPurpose::kActivations).value();
  const BufferRef b =
      backend->allocate(DataType::kI32, Shape{3}, MemoryPurpose::kActivations).value();
  const BufferRef v = backend->allocate(DataType::kF32, Shape{3}, MemoryPurpose::kWeights).value();
  const auto place_a = backend->locate(a, 0, 12)[0];
  const auto place_b = backend->locate(b, 4, 8)[0];
  CHECK(place_a.buffer == place_b.buffer);
  CHECK(place_b.offset_bytes == 260);
  CHECK(backend->locate(v, 0, 12)[0].buffer != place_a.buffer);
}

TEST_CASE("what was read is there once it was delivered, and only then") {
  auto backend = backend_with(128u << 20);
  const BufferRef a =
      backend->allocate(DataType::kI32, Shape{4}, MemoryPurpose::kActivations).value();
  const ReadTicket ticket = backend->begin_read(a, 4, 8).value();
  const auto commands = take(*backend);
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].opcode == Opcode::kCreateBuffer);
  CHECK(commands[1].opcode == Opcode::kReadBuffer);
  CHECK(commands[1].operands[0] == ticket.id);
  CHECK(commands[1].operands[2] == 4);
  CHECK_FALSE(backend->is_read_done(ticket));
  const std::vector<std::byte> bytes(8, std::byte{9});
  CHECK(backend->deliver(ticket, std::span(bytes).first(7)).error().code ==
        ErrorCode::kInvalidArgument);
  REQUIRE(backend->deliver(ticket, bytes).has_value());
  CHECK(backend->is_read_done(ticket));
  std::vector<std::byte> out(8);
  REQUIRE(backend->finish_read(ticket, out).has_value());
  CHECK(out == bytes);
  // Late bytes of a read that nobody wants any more do no harm.
  const ReadTicket abandoned = backend->begin_read(a, 0, 4).value();
  backend->abandon_read(abandoned);
  CHECK(backend->deliver(abandoned, bytes).has_value());
}

TEST_CASE("features that the device lacks cannot be used") {
  WebGpuOptions options;
  options.uses_f16 = true;
  CHECK(WebGpuBackend::create(options).error().code == ErrorCode::kInvalidArgument);
  options.uses_f16 = false;
  options.uses_subgroups = true;
  CHECK(WebGpuBackend::create(options).error().code == ErrorCode::kInvalidArgument);
  options.uses_subgroups = false;
  options.uses_byte_products = true;
  CHECK(WebGpuBackend::create(options).error().code == ErrorCode::kInvalidArgument);
}

}  // namespace tessera
