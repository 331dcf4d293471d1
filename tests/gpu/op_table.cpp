// op_table --features f32|f16|subgroups [--all] [--binding-bytes-max N] [--op NAME]: the op cases
// as JSON on standard output.
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "gpu/op_table_writer.h"
#include "gpu/shader_variants.h"

namespace {

struct Options {
  std::string features = "f32";
  std::string op;
  bool all = false;
  bool unfused = false;
  bool variants = false;
  std::size_t binding_bytes_max = 128u << 20;
};

using namespace tessera::testing;

int print(OpTableWriter table) {
  const std::string json = std::move(table).take();
  std::fwrite(json.data(), 1, json.size(), stdout);
  return 0;
}

int write_variants() {
  OpTableWriter table(RecordingOptions{});
  for (const tessera::webgpu::Kernel& kernel : shader_variants()) {
    const auto added = table.add(kernel);
    if (!added) {
      std::fprintf(stderr, "%s\n", added.error().message.c_str());
      return 1;
    }
  }
  return print(std::move(table));
}

int write_table(const Options& options) {
  RecordingOptions recording;
  recording.limits.binding_bytes_max = options.binding_bytes_max;
  recording.uses_f16 = options.features == "f16";
  recording.uses_subgroups = options.features == "subgroups";
  recording.fuses = !options.unfused;
  OpTableWriter table(recording);
  for (const OpCase& one : op_cases()) {
    if (!options.all && !one.is_short) continue;
    if (!options.op.empty() && one.op != options.op) continue;
    const auto added = table.add(one);
    if (!added) {
      std::fprintf(stderr, "%s, %s: %s\n", one.op.c_str(), one.name.c_str(),
                   added.error().message.c_str());
      return 1;
    }
  }
  return print(std::move(table));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The op cases as JSON"};
  Options options;
  app.add_option("--features", options.features)->check(CLI::IsMember({"f32", "f16", "subgroups"}));
  app.add_option("--op", options.op, "Only this op's cases");
  app.add_option("--binding-bytes-max", options.binding_bytes_max, "Cut larger matrices");
  app.add_flag("--all", options.all, "All cases, not only the short list");
  app.add_flag("--unfused", options.unfused, "Every op by itself");
  app.add_flag("--variants", options.variants, "Every shader that there can be, and no cases");
  CLI11_PARSE(app, argc, argv);
  return options.variants ? write_variants() : write_table(options);
}
