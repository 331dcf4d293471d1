// The answers of GET /v1/models and /v1/models/<name>.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/generated/protocol.h"

namespace tessera {

// `created` is in seconds since 1970.
std::string model_object_body(const protocol::WireModel& model, std::uint64_t created);
std::string model_list_body(const std::vector<protocol::WireModel>& models, std::uint64_t created);

}  // namespace tessera
