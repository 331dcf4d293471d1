// Commands: what the core asks a GPU to do, as words in linear memory that the executor
// (web/src/gpu) replays on a GPUDevice, in order. The executor knows no kernel and decides nothing.
//
// A command is one word `opcode | word_count << 8`, word_count including it, and its operands, all
// 32-bit little-endian. Bytes and texts are padded with zeros to whole words. Buffers, pipelines,
// lists and tickets are numbered by the core; a number is not used again.
//
//   | command         | operands                                                             |
//   | create_buffer   | buffer, size_bytes, usage (0: storage, 1: uniform)                   |
//   | resize_buffer   | buffer, size_bytes; what was in it stays, what is new is zero        |
//   | destroy_buffer  | buffer                                                               |
//   | write_buffer    | buffer, offset_bytes, size_bytes, then the bytes                     |
//   | create_pipeline | pipeline, size_bytes, then a JSON text:                              |
//   |                 |   {"label": "rms_norm …", "code": "<WGSL>", "constants": {"k": 8}}   |
//   | define_list     | list, uniform buffer, dispatch_count, then for each dispatch:        |
//   |                 |   pipeline, workgroups x, y, z, uniform offset_bytes,                |
//   |                 |   uniform size_bytes, binding_count, then for each binding:          |
//   |                 |   buffer, offset_bytes, size_bytes                                   |
//   | run_list        | list                                                                 |
//   | release_list    | list                                                                 |
//   | read_buffer     | ticket, buffer, offset_bytes, size_bytes                             |
//
// Buffers are zeroed, sizes and offsets multiples of 4, offsets of bindings multiples of 256. A
// pipeline has the entry point "main" and one bind group: @binding(0) is the dispatch's uniform
// range, the bindings follow from 1 on. A pipeline may still be compiling when a list that uses it
// runs; the executor then waits. What a read brings is handed to the core by `gpu.deliver`.
#pragma once

#include <cstdint>

namespace tessera::webgpu {

enum class Opcode : std::uint32_t {
  kCreateBuffer = 1,
  kResizeBuffer = 2,
  kDestroyBuffer = 3,
  kWriteBuffer = 4,
  kCreatePipeline = 5,
  kDefineList = 6,
  kRunList = 7,
  kReleaseList = 8,
  kReadBuffer = 9,
};

enum class BufferUsage : std::uint32_t { kStorage = 0, kUniform = 1 };

inline constexpr std::uint32_t kBindingAlignmentBytes = 256;

}  // namespace tessera::webgpu
