#include "backends/webgpu/matmul.h"

#include <algorithm>

#include "backends/webgpu/arranged_blocks.h"
#include "backends/webgpu/dispatch_words.h"
#include "tensor/panel.h"

namespace tessera::webgpu {
namespace {

// The weight's format as the shaders know it, and how many columns a thread takes at a time.
struct WeightChoice {
  std::string name;
  std::int64_t slice_columns;
};

WeightChoice weight_choice(const TensorRef& weight) {
  const std::int64_t columns = weight.shape[1];
  switch (device_type(weight.type)) {
    case DataType::kF32: return {columns % 4 == 0 ? "f32" : "f32_any", 4};
    case DataType::kF16:
      return columns % 8 == 0 ? WeightChoice{"f16", 8} : WeightChoice{"f16_any", 4};
    case DataType::kQ8: return {"q8", 4};
    case DataType::kQ4: return {"q4", 8};
    case DataType::kQ4M: return {"q4m", 8};
    case DataType::kQ3: return {"q3", 16};
    case DataType::kQ2: return {"q2", 16};
    case DataType::kQ4S:
    case DataType::kI32:
    case DataType::kKvRows: break;
  }
  TESSERA_CHECK(false);
  return {};
}

bool has_any_columns(const WeightChoice& weight) {
  return weight.name.ends_with("_any");
}

std::uint32_t optional_vector(const TensorRef& vector, const Recorder& recorder) {
  return vector.is_empty() ? kNowhere : recorder.vector_offset(vector);
}

std::string tile_arithmetic(const Recorder& recorder) {
  return recorder.uses_f16() ? "f16" : "f32";
}

// The arithmetic of products with few tokens. At 8 bits a weight memory alone counts. In f16
// weights are made of words by a bitcast to vectors of f16; the one compiler that has f16 but not
// that (Firefox's) has no subgroups either.
std::string vector_products(const TensorRef& weight, const Recorder& recorder) {
  const bool has_few_bits = is_quantized(weight.type) && weight.type != DataType::kQ8;
  if (recorder.uses_byte_products() && has_few_bits) return "bytes";
  return recorder.uses_f16() && recorder.uses_subgroups() ? "f16" : "f32";
}

// Where a plan's tensors are, in words.
struct Places {
  std::uint32_t x = 0;
  std::uint32_t norm = kNowhere;
  std::uint32_t residual = kNowhere;
  std::vector<std::uint32_t> outs;
  std::vector<std::uint32_t> biases;
};

// What the sum is added to: the operand of the Add that is not the product itself.
const TensorRef& residual_of(const Add& add, const MatMul& product) {
  const bool is_a =
      add.a.buffer.id == product.out.buffer.id && add.a.offset_bytes == product.out.offset_bytes;
  return is_a ? add.b : add.a;
}

Places places_of(const MatMulPlan& plan, const Recorder& recorder) {
  Places places;
  const TensorRef& x = plan.norm != nullptr ? plan.norm->x : plan.members[0].x;
  places.x = recorder.activation_offset(x);
  if (plan.norm != nullptr) places.norm = recorder.vector_offset(plan.norm->weight);
  if (plan.residual != nullptr) {
    places.residual = recorder.activation_offset(residual_of(*plan.residual, plan.members[0]));
  }
  for (const MatMul& member : plan.members) {
    const TensorRef& out = plan.gated != nullptr      ? plan.gated->out
                           : plan.residual != nullptr ? plan.residual->out
                                                      : member.out;
    places.outs.push_back(recorder.activation_offset(out));
    places.biases.push_back(optional_vector(member.bias, recorder));
  }
  return places;
}

// Whether everything can be read and written four words at a time.
bool is_aligned(const MatMulPlan& plan, const Places& places) {
  const auto fits = [](std::uint32_t offset) { return offset == kNowhere || offset % 4 == 0; };
  bool aligned = plan.members[0].x.shape[1] % 4 == 0 && fits(places.x) && fits(places.norm) &&
                 fits(places.residual);
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    aligned = aligned && plan.members[i].weight.shape[0] % 4 == 0 && fits(places.outs[i]) &&
              fits(places.biases[i]);
  }
  return aligned;
}

std::uint32_t moved(std::uint32_t offset, std::int64_t by) {
  return offset == kNowhere ? kNowhere : offset + word(by);
}

// What a workgroup of matmul_vector.wgsl takes of one token, and how many workgroups that makes.
struct VectorTiling {
  std::string name;
  std::int64_t tiles;
};

// Two panels share what is read and rounded of x, if enough workgroups are left to keep a large GPU
// busy. Weights that take many instructions or bytes each gain nothing.
VectorTiling vector_tiling(const MatMulPlan& plan, std::span<const MatrixPart> parts,
                           const Recorder& recorder) {
  constexpr std::int64_t kPairsMin = 768;
  std::int64_t panels = 0, pairs = 0;
  for (const MatrixPart& part : parts) {
    panels += divided_up(part.row_count, kPanelRows);
    pairs += divided_up(part.row_count, 2 * kPanelRows);
  }
  if (plan.gated != nullptr) return {"gated", divided_up(parts[0].row_count, kPanelRows)};
  const TensorRef& weight = plan.members[0].weight;
  const bool shares = weight.type == DataType::kQ8 || vector_products(weight, recorder) == "bytes";
  if (shares && pairs >= kPairsMin) return {"2_panels", pairs};
  return {"1_panel", panels};
}

// Enough threads to keep a large GPU's memory busy, but none without a slice: what threads sum up
// must be added up in the end.
std::uint32_t vector_workgroup_size(std::int64_t slices, std::int64_t tiles,
                                    const DeviceLimits& limits) {
  constexpr std::uint64_t kThreads = 131072, kSizeMin = 64, kSizeMax = 256;
  const auto wanted =
      std::bit_floor(std::max(kThreads / static_cast<std::uint64_t>(tiles), kSizeMin));
  const auto useful = std::bit_floor(static_cast<std::uint64_t>(slices));
  return workgroup_size(word(std::clamp(std::min(wanted, useful), kSizeMin, kSizeMax)), limits);
}

Kernel vector_kernel(const MatMulPlan& plan, const Places& places, const VectorTiling& tiling,
                     const Recorder& recorder) {
  const WeightChoice weight = weight_choice(plan.members[0].weight);
  const std::string count = std::to_string(plan.members.size());
  const std::int64_t slices = divided_up(plan.members[0].x.shape[1], weight.slice_columns);
  const DeviceLimits& limits = recorder.limits();
  Kernel kernel = {"matmul_vector",
                   {{"access", is_aligned(plan, places) ? "vec4" : "scalar"},
                    {"matrices", count},
                    {"weight", weight.name},
                    {"input", plan.norm != nullptr ? "normed" : "plain"},
                    {"tile", tiling.name},
                    {"products", vector_products(plan.members[0].weight, recorder)},
                    {"reduction", reduction_choice(recorder)}},
                   {{"workgroup_size", vector_workgroup_size(slices, tiling.tiles, limits)}}};
  if (recorder.uses_subgroups()) {
    kernel.constants.emplace_back("lanes_min", limits.subgroup_size_min);
    kernel.constants.emplace_back("lanes_max", limits.subgroup_size_max);
  }
  return kernel;
}

// The matrices' parts that one dispatch takes: one of each matrix.
Dispatch vector_dispatch(const MatMulPlan& plan, const Places& places,
                         std::span<const MatrixPart> parts, const Recorder& recorder) {
  const std::int64_t first_row = parts[0].first_row;
  const VectorTiling tiling = vector_tiling(plan, parts, recorder);
  Dispatch dispatch{
      .kernel = vector_kernel(plan, places, tiling, recorder),
      .bindings = {recorder.activations(), recorder.vectors()},
      .parameters = words(
          plan.members[0].x.shape[1], places.x, places.norm,
          plan.norm != nullptr ? plan.norm->epsilon : 0.0f, moved(places.residual, first_row),
          plan.gated != nullptr ? static_cast<std::uint32_t>(plan.gated->function) : 0u, 0, 0),
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const bool is_there = i < parts.size();
    dispatch.parameters.push_back(is_there ? word(parts[i].row_count) : 0);
    dispatch.parameters.push_back(is_there ? moved(places.outs[i], first_row) : 0);
    dispatch.parameters.push_back(is_there ? word(plan.members[i].weight.shape[0]) : 0);
    dispatch.parameters.push_back(is_there ? moved(places.biases[i], first_row) : kNowhere);
    if (is_there) dispatch.bindings.push_back(parts[i].binding);
  }
  dispatch.workgroups = grid(tiling.tiles, recorder.limits());
  dispatch.workgroups[2] = word(plan.members[0].x.shape[0]);
  return dispatch;
}

// A tile of matmul_tile.wgsl: the larger one reads less for each product, if enough workgroups are
// left to keep a large GPU busy.
struct TileShape {
  std::string name;
  std::int64_t rows;
};

TileShape tile_shape(std::int64_t rows, std::int64_t token_tiles, const Recorder& recorder) {
  constexpr std::int64_t kWorkgroupsMin = 256;
  if (!recorder.uses_f16()) return {"64x64x32", 64};
  if (divided_up(rows, 128) * token_tiles < kWorkgroupsMin) return {"64x64x64", 64};
  return {"128x64x32", 128};
}

Dispatch tile_dispatch(const MatMulPlan& plan, const Places& places, const MatrixPart& part,
                       const Recorder& recorder) {
  constexpr std::int64_t kTileTokens = 64;
  const MatMul& op = plan.members[0];
  const WeightChoice weight = weight_choice(op.weight);
  const std::int64_t token_tiles = divided_up(op.x.shape[0], kTileTokens);
  const TileShape shape = tile_shape(part.row_count, token_tiles, recorder);
  Dispatch dispatch{
      .kernel = {"matmul_tile",
                 {{"access", is_aligned(plan, places) ? "vec4" : "scalar"},
                  {"matrices", "1"},
                  {"weight", weight.name},
                  {"shape", shape.name},
                  {"arithmetic", tile_arithmetic(recorder)},
                  {"products", "f32"}},
                 {}},
      .bindings = {recorder.activations(), recorder.vectors(), part.binding},
      .parameters =
          words(op.x.shape[1], part.row_count, op.x.shape[0], places.x,
                moved(places.outs[0], part.first_row), op.weight.shape[0],
                moved(places.biases[0], part.first_row), moved(places.residual, part.first_row)),
      .workgroups = grid(divided_up(part.row_count, shape.rows), recorder.limits()),
  };
  dispatch.workgroups[2] = word(token_tiles);
  return dispatch;
}

}  // namespace

bool takes_several(std::span<const MatMul> members, const Recorder& recorder) {
  for (const MatMul& member : members) {
    if (member.weight.type != members[0].weight.type || member.weight.shape[0] == 0 ||
        has_any_columns(weight_choice(member.weight)) ||
        recorder.matrix_parts(member.weight).size() != 1) {
      return false;
    }
  }
  return true;
}

Result<void> record(const MatMulPlan& plan, Recorder& recorder) {
  const MatMul& first = plan.members[0];
  const std::int64_t tokens = first.x.shape[0];
  if (tokens == 0 || first.weight.shape[0] == 0) return {};
  if (first.x.shape[1] == 0) {
    return Error{ErrorCode::kUnsupported, "MatMul on a GPU takes no matrices without columns"};
  }
  const Places places = places_of(plan, recorder);
  if (plan.members.size() > 1) {
    std::vector<MatrixPart> parts;
    for (const MatMul& member : plan.members) {
      parts.push_back(recorder.matrix_parts(member.weight)[0]);
    }
    recorder.dispatch(vector_dispatch(plan, places, parts, recorder));
    return {};
  }
  const bool is_tiled = tokens >= kTileTokensMin;
  TESSERA_CHECK(!is_tiled || plan.norm == nullptr);
  for (const MatrixPart& part : recorder.matrix_parts(first.weight)) {
    recorder.dispatch(is_tiled ? tile_dispatch(plan, places, part, recorder)
                               : vector_dispatch(plan, places, {&part, 1}, recorder));
  }
  return {};
}

Result<void> record(const MatMul& op, Recorder& recorder) {
  return record(MatMulPlan{.members = {&op, 1}}, recorder);
}

}  // namespace tessera::webgpu
