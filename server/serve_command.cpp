#include "server/serve_command.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "server/models/model_catalog.h"
#include "server/net/server.h"
#include "server/serve_options.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// Options of the command line, which overrule those of the file.
struct CommandLine {
  ServeOptions options;
  std::string config;
};

// The built page: beside the program, in the source tree of a build folder, or here.
std::string find_web_folder() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& folder : {program / "dist", program / "../../dist",
                                 program / "../share/tessera/web", fs::path("dist")}) {
    if (fs::exists(folder / "index.html", ignored)) return fs::weakly_canonical(folder, ignored);
  }
  return {};
}

Result<void> read_config(const CLI::App& command, CommandLine& line) {
  if (line.config.empty()) return {};
  std::ifstream file(line.config);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Error{ErrorCode::kIo, line.config + ": cannot be read"};
  ServeOptions options;
  const auto result = read_serve_options(text, options);
  if (!result) return result.error().with_context(line.config);
  const ServeOptions given = std::exchange(line.options, options);
  if (command.count("--model") > 0) line.options.models = given.models;
  if (command.count("--host") > 0) line.options.host = given.host;
  if (command.count("--port") > 0) line.options.port = given.port;
  if (command.count("--web") > 0) line.options.web = given.web;
  if (command.count("--api-key") > 0) line.options.api_key = given.api_key;
  if (command.count("--allow-origin") > 0) line.options.allow_origins = given.allow_origins;
  if (command.count("--log-level") > 0) line.options.log_level = given.log_level;
  return {};
}

Result<void> set_up_log(const std::string& name) {
  const auto level = spdlog::level::from_str(name);
  if (level == spdlog::level::off && name != "off") {
    return Error{
        ErrorCode::kInvalidArgument,
        "--log-level " + name + " is none of trace, debug, info, warning, error, critical, off"};
  }
  // Standard output carries the address alone.
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "tessera", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  spdlog::set_level(level);
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  return {};
}

// Every session is a descriptor, and the usual limit of 1024 is less than kHttpConnectionsMax.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> serve(const CLI::App& command, CommandLine& line) {
  TESSERA_TRY_VOID(read_config(command, line));
  TESSERA_TRY_VOID(set_up_log(line.options.log_level));
  if (line.options.web.empty()) line.options.web = find_web_folder();
  if (!line.options.web.empty() && !fs::is_directory(line.options.web)) {
    return Error{ErrorCode::kNotFound, "--web " + line.options.web + " is not a folder"};
  }
  raise_descriptor_limit();
  TESSERA_TRY(ModelCatalog catalog, ModelCatalog::open(line.options.models));
  std::string names;
  for (const std::string& name : catalog.names()) names += (names.empty() ? "" : ", ") + name;
  TESSERA_TRY(const std::unique_ptr<net::Server> server,
              net::Server::start(line.options, std::move(catalog), TESSERA_VERSION));
  std::printf("Tessera is at %s with %s\n", server->address().c_str(),
              names.empty() ? "no model (add one with --model)" : names.c_str());
  std::fflush(stdout);
  server->run();
  spdlog::info("stopped");
  return {};
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve", "Serves models, the page and the API");
  auto line = std::make_shared<CommandLine>();
  ServeOptions& options = line->options;
  command->add_option("--model", options.models, "A package directory; may be repeated");
  command->add_option("--host", options.host, "The address to listen on")->capture_default_str();
  command->add_option("--port", options.port, "The port to listen on; 0: any that is free")
      ->capture_default_str();
  command->add_option("--web", options.web, "The folder of the built page");
  command->add_option("--api-key", options.api_key, "Ask for this key in /v1 and in sessions")
      ->envname("TESSERA_API_KEY");
  command->add_option("--allow-origin", options.allow_origins,
                      "Another web site that may use the server, or *; may be repeated");
  command->add_option("--log-level", options.log_level, "trace, debug, info, warning, error, off")
      ->capture_default_str();
  command->add_option("--config", line->config, "A JSON file with options of the same names");
  command->callback([command, line, &exit_code] {
    const auto result = serve(*command, *line);
    exit_code = result ? 0 : 1;
    if (!result) std::fprintf(stderr, "tessera serve: %s\n", result.error().message.c_str());
  });
}

}  // namespace tessera
