#include "backends/backend.h"

#include <string>

namespace tessera {

Result<void> read_now(Backend& backend, const BufferRef& buffer, std::size_t offset_bytes,
                      std::span<std::byte> out) {
  TESSERA_TRY(const ReadTicket ticket, backend.begin_read(buffer, offset_bytes, out.size()));
  if (backend.is_read_done(ticket)) return backend.finish_read(ticket, out);
  backend.abandon_read(ticket);
  return Error{ErrorCode::kUnsupported,
               "the backend " + std::string(backend.name()) + " delivers what is read later"};
}

}  // namespace tessera
