// The subcommands of `tessera`: one function and one file tools/<name>_command.cpp each.
//
// Each adds its subcommand, with a callback that runs it. CLI11 reports a wrong command line by
// itself; a command that fails prints one line to standard error and sets `exit_code`.
#pragma once

namespace CLI {
class App;
}

namespace tessera {

void add_bench_command(CLI::App& app, int& exit_code);
void add_calibrate_command(CLI::App& app, int& exit_code);
void add_convert_command(CLI::App& app, int& exit_code);
void add_evaluate_command(CLI::App& app, int& exit_code);
void add_generate_command(CLI::App& app, int& exit_code);
void add_inspect_command(CLI::App& app, int& exit_code);
void add_synthesize_command(CLI::App& app, int& exit_code);
void add_tokenize_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);

}  // namespace tessera
