// op_table --features f32|f16|subgroups|bytes|all [--all] [--binding-bytes-max N] [--op NAME]: the
// op cases as JSON on standard output.
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "gpu/op_table_writer.h"
#include "gpu/shader_variants.h"

namespace {

struct Options {
  std::string features = "f32";
  std::string op;
  std::string only;
  bool all = false;
  bool unfused = false;
  bool variants = false;
  bool bench = false;
  std::uint32_t workgroup_invocations_max = 256;
  std::uint32_t subgroup_size = 0;
  std::size_t binding_bytes_max = 128u << 20;
};

using namespace tessera::testing;
using tessera::Error;

int print(OpTableWriter table) {
  const std::string json = std::move(table).take();
  std::fwrite(json.data(), 1, json.size(), stdout);
  return 0;
}

int report(const Error& error, const std::string& where) {
  std::fprintf(stderr, "%s: %s\n", where.c_str(), error.message.c_str());
  return 1;
}

int write_variants() {
  OpTableWriter table(RecordingOptions{});
  for (const tessera::webgpu::Kernel& kernel : shader_variants()) {
    const auto added = table.add(kernel);
    if (!added) return report(added.error(), std::string(kernel.name));
  }
  return print(std::move(table));
}

RecordingOptions recording_options(const Options& options) {
  RecordingOptions recording;
  recording.limits.binding_bytes_max = options.binding_bytes_max;
  recording.limits.workgroup_invocations_max = options.workgroup_invocations_max;
  const bool has_one_size = options.subgroup_size > 0;
  recording.limits.subgroup_size_min = has_one_size ? options.subgroup_size : 4;
  recording.limits.subgroup_size_max = has_one_size ? options.subgroup_size : 128;
  if (options.workgroup_invocations_max > 256) recording.limits.workgroup_memory_bytes_max = 32768;
  recording.uses_f16 = options.features == "f16" || options.features == "all";
  recording.uses_subgroups = options.features == "subgroups" || options.features == "all";
  recording.uses_byte_products = options.features == "bytes" || options.features == "all";
  recording.fuses = !options.unfused;
  return recording;
}

int write_bench(const Options& options) {
  OpTableWriter table(recording_options(options));
  for (const BenchCase& one : bench_cases()) {
    if (one.name.find(options.only) == std::string::npos) continue;
    const auto added = table.add(one);
    if (!added) return report(added.error(), one.name);
  }
  return print(std::move(table));
}

int write_table(const Options& options) {
  OpTableWriter table(recording_options(options));
  for (const OpCase& one : op_cases()) {
    if (!options.all && !one.is_short) continue;
    if (!options.op.empty() && one.op != options.op) continue;
    const auto added = table.add(one);
    if (!added) return report(added.error(), one.op + ", " + one.name);
  }
  return print(std::move(table));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The op cases as JSON"};
  Options options;
  app.add_option("--features", options.features)
      ->check(CLI::IsMember({"f32", "f16", "subgroups", "bytes", "all"}));
  app.add_option("--op", options.op, "Only this op's cases");
  app.add_option("--binding-bytes-max", options.binding_bytes_max, "Cut larger matrices");
  app.add_flag("--all", options.all, "All cases, not only the short list");
  app.add_flag("--unfused", options.unfused, "Every op by itself");
  app.add_flag("--variants", options.variants, "Every shader that there can be, and no cases");
  app.add_flag("--bench", options.bench, "Ops of real sizes, to be timed, instead of the cases");
  app.add_option("--only", options.only, "Of what is timed only names that contain this");
  app.add_option("--workgroup-invocations-max", options.workgroup_invocations_max);
  app.add_option("--subgroup-size", options.subgroup_size, "The only one; any without this");
  CLI11_PARSE(app, argc, argv);
  if (options.variants) return write_variants();
  return options.bench ? write_bench(options) : write_table(options);
}
