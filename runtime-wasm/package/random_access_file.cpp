#include "package/random_access_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tessera {
namespace {

Error system_error(const std::string& path) {
  const ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return Error{code, path + ": " + std::strerror(errno)};
}

}  // namespace

Result<RandomAccessFile> RandomAccessFile::open(std::string path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error(path);
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    const Error error = system_error(path);
    ::close(descriptor);
    return error;
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor);
    return Error{ErrorCode::kIo, path + ": not a regular file"};
  }
  return RandomAccessFile(std::move(path), descriptor, static_cast<std::uint64_t>(status.st_size));
}

RandomAccessFile::RandomAccessFile(RandomAccessFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_bytes_(other.size_bytes_) {}

RandomAccessFile& RandomAccessFile::operator=(RandomAccessFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

RandomAccessFile::~RandomAccessFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> RandomAccessFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset > size_bytes_ || out.size() > size_bytes_ - offset) {
    return Error{ErrorCode::kInvalidFile, path_ + ": ends at byte " + std::to_string(size_bytes_) +
                                              ", " + std::to_string(out.size()) +
                                              " more were expected at " + std::to_string(offset)};
  }
  while (!out.empty()) {
    const ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path_);
    if (count == 0) return Error{ErrorCode::kInvalidFile, path_ + ": became shorter while read"};
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<std::string> read_text_file(const std::string& path, std::size_t size_bytes_max) {
  TESSERA_TRY(const RandomAccessFile file, RandomAccessFile::open(path));
  if (file.size_bytes() > size_bytes_max) {
    return Error{ErrorCode::kInvalidFile, path + ": " + std::to_string(file.size_bytes()) +
                                              " bytes, at most " + std::to_string(size_bytes_max) +
                                              " allowed"};
  }
  std::string text(static_cast<std::size_t>(file.size_bytes()), '\0');
  TESSERA_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(text.data(), text.size()))));
  return text;
}

}  // namespace tessera
