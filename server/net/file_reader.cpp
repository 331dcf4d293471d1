#include "server/net/file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace tessera::net {

FileReader::FileReader(const std::string& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

FileReader::~FileReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool FileReader::read(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t size = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    offset += static_cast<std::uint64_t>(size);
    out = out.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

asio::awaitable<bool> FileReader::read_on(asio::thread_pool& threads, std::uint64_t offset,
                                          std::span<std::byte> out) const {
  // Runs on a file thread, then resumes this coroutine on its own executor.
  bool is_read = false;
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(
      [&](auto handler) {
        asio::post(threads, [this, offset, out, &is_read, handler = std::move(handler)]() mutable {
          is_read = read(offset, out);
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor, std::move(handler));
        });
      },
      asio::use_awaitable);
  co_return is_read;
}

}  // namespace tessera::net
