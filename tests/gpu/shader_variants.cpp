#include "gpu/shader_variants.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tessera::testing {
namespace {

using webgpu::Kernel;
using Kernels = std::vector<Kernel>;
using Texts = std::initializer_list<const char*>;

constexpr Texts kReductions = {"workgroup", "subgroup"};
constexpr Texts kAccesses = {"scalar", "vec4"};
// What a cache holds, and how its rows are read and written.
constexpr std::pair<const char*, const char*> kCaches[] = {
    {"f32", "float"}, {"f16", "float"}, {"packed", "packed"}};
constexpr Texts kAlignedWeights = {"f32", "f16", "q8", "q4", "q4m", "q3", "q2"};
// Of these, what is multiplied in f16 where that is to be had.
constexpr Texts kPackedWeights = {"q4", "q4m", "q3", "q2"};
constexpr Texts kOddWeights = {"f32_any", "f16_any"};

// Each kernel once for each value of a further choice.
Kernels with(const Kernels& kernels, std::string_view choice, Texts values) {
  Kernels out;
  for (const Kernel& kernel : kernels) {
    for (const char* value : values) {
      out.push_back(kernel);
      out.back().choices.emplace_back(choice, value);
    }
  }
  return out;
}

Kernels with_caches(const Kernels& kernels) {
  Kernels out;
  for (const auto& [cache, rows] : kCaches) {
    for (Kernel& kernel : with(with(kernels, "cache", {cache}), "rows", {rows})) {
      out.push_back(std::move(kernel));
    }
  }
  return out;
}

Kernel sized(std::string_view name, std::uint32_t workgroup_size) {
  return {name, {}, {{"workgroup_size", workgroup_size}}};
}

// What may be multiplied at once, and what a workgroup takes of it.
constexpr std::pair<const char*, const char*> kTilings[] = {
    {"1", "1_panel"}, {"1", "2_panels"}, {"2", "1_panel"}, {"2", "2_panels"},
    {"2", "gated"},   {"3", "1_panel"},  {"3", "2_panels"}};

void add(Kernels& all, const Kernels& more) {
  all.insert(all.end(), more.begin(), more.end());
}

Kernels matmul_vectors() {
  Kernels all;
  const Kernels inputs = with(
      with(with({sized("matmul_vector", 256)}, "access", kAccesses), "input", {"plain", "normed"}),
      "reduction", kReductions);
  for (const auto& [matrices, tile] : kTilings) {
    const Kernels tiled = with(with(inputs, "matrices", {matrices}), "tile", {tile});
    const Kernels weighted = with(tiled, "weight", kAlignedWeights);
    add(all, with(weighted, "products", {"f32"}));
    add(all, with(with(tiled, "weight", kPackedWeights), "products", {"f16", "bytes"}));
  }
  const Kernels odd = with(with(inputs, "matrices", {"1"}), "tile", {"1_panel"});
  add(all, with(odd, "weight", kOddWeights));
  return all;
}

Kernels matmul_tiles() {
  Kernels tiles =
      with(with({{"matmul_tile", {}, {}}}, "shape", {"64x64x32"}), "arithmetic", {"f32"});
  add(tiles, with(with({{"matmul_tile", {}, {}}}, "shape", {"64x64x64", "128x64x32"}), "arithmetic",
                  {"f16"}));
  tiles = with(with(tiles, "products", {"f32"}), "access", kAccesses);
  Kernels all = with(with(tiles, "matrices", {"1"}), "weight", kAlignedWeights);
  add(all, with(with(tiles, "matrices", {"1"}), "weight", kOddWeights));
  return all;
}

}  // namespace

std::vector<Kernel> shader_variants() {
  Kernels all = {sized("add", 64),     sized("gated_activation", 64),
                 sized("rope", 64),    sized("attention_combine", 256),
                 sized("kv_turn", 64), sized("sample_choose", 256)};
  add(all, with({sized("embedding", 64)}, "weight", kAlignedWeights));
  add(all, with({sized("rms_norm", 256)}, "reduction", kReductions));
  add(all, with({sized("sample_chunks", 256)}, "reduction", kReductions));
  add(all, with({sized("kv_write", 64)}, "cache", {"f32", "f16"}));
  add(all, with_caches({{"attention_tile", {}, {}}}));
  add(all, with(with_caches({sized("rope_kv_write", 64)}), "reduction", kReductions));
  add(all, with({sized("attention_packed", 128)}, "reduction", kReductions));
  const Kernels groups = with(with({sized("attention_group", 128)}, "reduction", kReductions),
                              "heads", {"1", "2", "4"});
  add(all, with(with(groups, "cache", {"f32", "f16"}), "query", {"group", "rotated_group"}));
  add(all, matmul_vectors());
  add(all, matmul_tiles());
  return all;
}

}  // namespace tessera::testing
