// tessera tokenize PACKAGE --text T [--json]: the ids of a text; special tokens in it are
// recognized.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/json_writer.h"
#include "package/package_directory.h"
#include "tokenizer/tokenizer.h"
#include "tools/commands.h"
#include "tools/load_model.h"

namespace tessera {
namespace {

struct TokenizeOptions {
  std::string package;
  std::string text;
  bool json = false;
};

Result<void> tokenize(const TokenizeOptions& options) {
  TESSERA_TRY(const PackageDirectory package, PackageDirectory::open(options.package));
  TESSERA_TRY(const std::string tokenizer_json, package.read_tokenizer());
  TESSERA_TRY(const auto tokenizer, Tokenizer::from_json(tokenizer_json));
  TESSERA_TRY(const auto ids, tokenizer->encode(options.text, EncodeOptions{}));
  if (options.json) {
    JsonWriter json;
    json.begin_object().key("ids").begin_array();
    for (const std::int32_t id : ids) json.integer(id);
    json.end_array().end_object();
    std::printf("%s\n", std::move(json).take().c_str());
    return {};
  }
  for (const std::int32_t id : ids) {
    JsonWriter token;
    token.string(tokenizer->token_bytes(id));
    std::printf("%8d %s\n", id, std::move(token).take().c_str());
  }
  return {};
}

}  // namespace

void add_tokenize_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("tokenize", "Print the token ids of a text");
  auto options = std::make_shared<TokenizeOptions>();
  command->add_option("PACKAGE", options->package, "Directory made by tessera convert")->required();
  command->add_option("--text", options->text, "The text")->required();
  command->add_flag("--json", options->json, "Print {\"ids\": […]}");
  command->callback([options, &exit_code] {
    const Result<void> result = tokenize(*options);
    if (!result) exit_code = report_error(result.error());
  });
}

}  // namespace tessera
