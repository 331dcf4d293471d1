// Loads a package from disk into the CPU backend, for the commands that run a model.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "generation/text_model.h"
#include "package/package_directory.h"

namespace CLI {
class App;
}

namespace tessera {

struct LoadOptions {
  std::string package;
  int threads = 1;
  std::string activations = "int8";  // "f32" or "int8"
  std::string kv = "f16";            // as kv_type_from_name takes it
  std::int64_t context_tokens_max = 0;
};

// Adds PACKAGE, --threads, --activations and --kv to a command.
void add_load_options(CLI::App& command, LoadOptions& options);

// Errors: kInvalidFile, with its path, if a shard does not have the hash of its name.
Result<std::unique_ptr<TextModel>> load_model(const LoadOptions& options);
// The same into a backend with host memory.
Result<std::unique_ptr<TextModel>> load_model(const LoadOptions& options,
                                              std::unique_ptr<Backend> backend);

// The same of a package that is open already.
Result<std::unique_ptr<TextModel>> load_model(const PackageDirectory& package,
                                              const TextModelOptions& options,
                                              std::unique_ptr<Backend> backend);

// Prints "tessera: <message>" to standard error and gives the exit status of a failed command.
int report_error(const Error& error);

}  // namespace tessera
