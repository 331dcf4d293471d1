// DeviceLimits: what a GPUDevice offers, as the page found out when it asked for one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::webgpu {

struct DeviceLimits {
  std::size_t buffer_bytes_max = 256u << 20;   // maxBufferSize
  std::size_t binding_bytes_max = 128u << 20;  // maxStorageBufferBindingSize
  std::uint32_t storage_buffers_max = 8;       // maxStorageBuffersPerShaderStage
  std::uint32_t workgroup_memory_bytes_max = 16384;
  std::uint32_t workgroup_invocations_max = 256;
  std::uint32_t workgroups_max = 65535;  // in each dimension
  bool has_f16 = false;                  // shader-f16
  bool has_byte_products = false;        // packed_4x8_integer_dot_product
  // The sizes a subgroup may have; both 0 where there are no subgroups. Kernels may rely on no
  // particular size in between.
  std::uint32_t subgroup_size_min = 0;
  std::uint32_t subgroup_size_max = 0;

  bool has_subgroups() const { return subgroup_size_min > 0; }
};

}  // namespace tessera::webgpu
