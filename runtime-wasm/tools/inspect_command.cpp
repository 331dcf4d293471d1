// tessera inspect DIR [--verify] [--json]: what a package contains, and whether it is whole.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "tools/commands.h"
#include "tools/load_model.h"
#include "tools/package_report.h"

namespace tessera {
namespace {

struct InspectOptions {
  std::string directory;
  bool verify = false;
  bool json = false;
};

Result<void> run(const InspectOptions& options) {
  TESSERA_TRY(const PackageDirectory package, PackageDirectory::open(options.directory));
  PackageReport report;
  report.package = &package;
  if (options.verify) {
    TESSERA_TRY(report.damaged_shards, find_damaged_shards(package));
  }
  std::printf("%s%s", (options.json ? report_json(report) : report_text(report)).c_str(),
              options.json ? "\n" : "");
  if (!options.verify) return {};
  if (!report.damaged_shards->empty()) {
    const ShardEntry& first = package.manifest().shards[report.damaged_shards->front()];
    return Error{ErrorCode::kInvalidFile,
                 std::to_string(report.damaged_shards->size()) + " damaged of " +
                     std::to_string(package.manifest().shards.size()) + " shards; " +
                     package.shard_path(first) + " does not have the hash of its name"};
  }
  if (!options.json) {
    std::printf("\nverified: all %zu shards have the hashes of their names\n",
                package.manifest().shards.size());
  }
  return {};
}

}  // namespace

void add_inspect_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("inspect", "Print what a package contains");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("DIR", options->directory, "Directory made by tessera convert")->required();
  command->add_flag("--verify", options->verify, "Hash every shard and compare");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, &exit_code] {
    const Result<void> result = run(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
