// tessera: converts, inspects, runs, measures and serves model packages.
#include <CLI/CLI.hpp>

#include "tools/commands.h"

#ifdef TESSERA_WITH_SERVER
#include "server/serve_command.h"
#endif

namespace {

using AddCommand = void (*)(CLI::App& app, int& exit_code);

// One row a subcommand, in the order that --help lists them.
constexpr AddCommand kCommands[] = {
#ifdef TESSERA_WITH_SERVER
    tessera::add_serve_command,
#endif
    tessera::add_convert_command,    tessera::add_calibrate_command, tessera::add_inspect_command,
    tessera::add_synthesize_command, tessera::add_tokenize_command,  tessera::add_generate_command,
    tessera::add_evaluate_command,   tessera::add_verify_command,    tessera::add_bench_command,
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs language models inside browser tabs");
  app.require_subcommand(1);
  int exit_code = 0;
  for (const AddCommand add_command : kCommands) add_command(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
