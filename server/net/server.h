// Server: the whole server on one event loop, from its socket to its shutdown.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "server/models/model_catalog.h"
#include "server/serve_options.h"

namespace tessera::net {

class Server {
 public:
  // Binds the port, so that `address` is known. Errors: kIo, kInvalidArgument for a host that is no
  // address.
  static Result<std::unique_ptr<Server>> start(ServeOptions options, ModelCatalog catalog,
                                               const std::string& version);
  ~Server();

  // Where a browser finds the page: "http://127.0.0.1:8080/".
  const std::string& address() const;
  std::uint16_t port() const;

  // Serves until `stop`, SIGTERM or SIGINT, and then until running responses have ended or
  // kShutdownGraceMs have passed; a second signal ends it at once.
  void run();
  // As a signal would; may be called from any thread.
  void stop();

 private:
  struct Loop;
  explicit Server(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace tessera::net
