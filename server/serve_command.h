// The subcommand `tessera serve`.
#pragma once

#include <CLI/CLI.hpp>

namespace tessera {

// Adds the subcommand. It sets `exit_code` when it runs: 0 after an orderly shutdown, 1 if the
// server cannot start; the reason is on standard error.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace tessera
