#include "tools/package_output.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace tessera {
namespace {

namespace fs = std::filesystem;

Error io_error(const std::string& path, const std::error_code& code) {
  return Error{ErrorCode::kIo, path + ": " + code.message()};
}

Result<void> write_file(const std::string& path, std::span<const std::byte> bytes) {
  const auto close = [](std::FILE* file) { return std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "wb"), close);
  const auto last_error = [&] {
    return io_error(path, std::error_code(errno, std::generic_category()));
  };
  if (file == nullptr) return last_error();
  if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) return last_error();
  if (std::fclose(file.release()) != 0) return last_error();
  return {};
}

bool may_be_replaced(const std::string& directory) {
  std::error_code code;
  return fs::exists(directory + "/manifest.json", code) || fs::is_empty(directory, code);
}

}  // namespace

Result<PackageOutput> PackageOutput::create(std::string directory, bool replaces) {
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  std::error_code code;
  if (fs::exists(directory, code)) {
    if (!replaces) {
      return Error{ErrorCode::kInvalidArgument,
                   directory + " exists; give another --out, or --force to replace it"};
    }
    if (!fs::is_directory(directory, code) || !may_be_replaced(directory)) {
      return Error{ErrorCode::kInvalidArgument,
                   directory + " exists and is no model package; it is left alone"};
    }
  }
  PackageOutput output(std::move(directory));
  fs::remove_all(output.partial(), code);  // what a killed run left behind
  if (code || !fs::create_directories(output.partial() + "/shards", code)) {
    return io_error(output.partial(), code);
  }
  return output;
}

PackageOutput::PackageOutput(PackageOutput&& other) noexcept
    : directory_(std::exchange(other.directory_, {})) {}

PackageOutput::~PackageOutput() {
  if (directory_.empty()) return;
  std::error_code code;
  fs::remove_all(partial(), code);
}

Result<void> PackageOutput::store(const std::string& sha256, std::span<const std::byte> bytes) {
  return write_file(partial() + "/shards/" + sha256, bytes);
}

Result<void> PackageOutput::commit(const Manifest& manifest) {
  const std::string text = write_manifest(manifest);
  const auto read_back = parse_manifest(text);
  if (!read_back) return read_back.error();
  TESSERA_TRY_VOID(write_file(partial() + "/manifest.json", std::as_bytes(std::span(text))));
  const std::string replaced = directory_ + ".replaced";
  std::error_code code;
  if (fs::exists(directory_, code)) {
    fs::remove_all(replaced, code);
    fs::rename(directory_, replaced, code);
    if (code) return io_error(directory_, code);
  }
  fs::rename(partial(), directory_, code);
  if (code) return io_error(directory_, code);
  fs::remove_all(replaced, code);
  directory_.clear();
  return {};
}

}  // namespace tessera
