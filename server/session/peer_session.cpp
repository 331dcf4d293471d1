#include "server/session/peer_session.h"

#include <algorithm>

#include "protocol/write_message.h"
#include "server/session/secret.h"

namespace tessera {

using protocol::ErrorName;
using protocol::Problem;
using protocol::write_message;
using Role = protocol::SessionHelloRole;

PeerSession::PeerSession(SessionContext& context, PeerConnection& connection,
                         std::string session_id)
    : context_(context), connection_(connection), session_id_(std::move(session_id)) {}

PeerSession::~PeerSession() {
  if (runner_) context_.broker.remove_runner(*runner_);
  context_.broker.detach(*this);
  if (role_) context_.metrics.sessions(role_name()).add(-1);
}

std::string_view PeerSession::role_name() const {
  if (!role_) return "stranger";
  return enum_names(*role_)[static_cast<std::size_t>(*role_)];
}

void PeerSession::on_text(std::string_view text) {
  if (!role_) return greet(text);
  if (*role_ == Role::kRunner) return dispatch(protocol::read_runner_message(text));
  dispatch(protocol::read_client_message(text));
}

void PeerSession::on_binary() {
  refuse({ErrorName::kInvalidMessage, "only the server sends binary messages", {}}, {});
}

void PeerSession::check_handshake() {
  if (role_) return;
  refuse({ErrorName::kHandshakeTimeout, "no session.hello came in time", {}}, {});
}

template <typename Message>
void PeerSession::dispatch(protocol::ReadResult<Message> result) {
  if (auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    return refuse(refusal->problem, refusal->event_id.empty() ? std::optional<std::string>()
                                                              : std::optional(refusal->event_id));
  }
  std::visit([this](auto& message) { this->handle(message); }, std::get<Message>(result));
}

void PeerSession::greet(std::string_view text) {
  auto result = protocol::read_client_message(text);
  if (const auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    const bool is_hello = refusal->problem.name == ErrorName::kInvalidArgument;
    const ErrorName name = is_hello ? ErrorName::kInvalidMessage : ErrorName::kHandshakeExpected;
    return refuse({name, "session.hello: " + refusal->problem.message, refusal->problem.param}, {});
  }
  const auto* hello =
      std::get_if<protocol::SessionHello>(&std::get<protocol::ClientMessage>(result));
  if (hello == nullptr) {
    const Problem problem{
        ErrorName::kHandshakeExpected, "the first message must be session.hello", {}};
    return refuse(problem, {});
  }
  if (const auto problem = hello_problem(*hello)) return refuse(*problem, hello->event_id);
  welcome(*hello);
}

std::optional<Problem> PeerSession::hello_problem(const protocol::SessionHello& hello) const {
  const std::string ours = "this server speaks " + std::to_string(context_.protocol_version_min) +
                           " to " + std::to_string(context_.protocol_version);
  if (hello.protocol_version < hello.protocol_version_min) {
    return Problem{ErrorName::kInvalidMessage,
                   "session.hello: protocol_version is below protocol_version_min",
                   "protocol_version"};
  }
  if (hello.protocol_version < context_.protocol_version_min) {
    return Problem{ErrorName::kProtocolTooOld,
                   "you speak protocol version " + std::to_string(hello.protocol_version) + "; " +
                       ours + ": update or reload the page",
                   "protocol_version"};
  }
  if (hello.protocol_version_min > context_.protocol_version) {
    return Problem{ErrorName::kProtocolTooNew,
                   "you need protocol version " + std::to_string(hello.protocol_version_min) +
                       "; " + ours + ": update the server",
                   "protocol_version_min"};
  }
  if (!context_.api_key.empty() && !is_same_secret(hello.api_key.value_or(""), context_.api_key)) {
    return Problem{ErrorName::kUnauthorized, "the API key is missing or wrong", "api_key"};
  }
  if (context_.broker.is_closing()) {
    return Problem{ErrorName::kServerClosing, "the server is shutting down", {}};
  }
  return std::nullopt;
}

void PeerSession::welcome(const protocol::SessionHello& hello) {
  role_ = hello.role;
  context_.metrics.sessions(role_name()).add(1);
  if (hello.role == Role::kRunner) runner_ = context_.broker.add_runner(*this);
  protocol::SessionWelcome message;
  message.event_id = hello.event_id;
  message.session_id = session_id_;
  message.protocol_version = std::min(hello.protocol_version, context_.protocol_version);
  message.agent = context_.agent;
  message.limits.message_to_server_bytes_max = protocol::kMessageToServerBytesMax;
  message.limits.shard_requests_max = protocol::kShardRequestsMax;
  message.limits.shard_credit_bytes_max = protocol::kShardCreditBytesMax;
  message.limits.shard_frame_payload_bytes_max = protocol::kShardFramePayloadBytesMax;
  message.limits.responses_per_client_max = protocol::kResponsesPerClientMax;
  message.limits.resume_window_ms = protocol::kResumeWindowMs;
  message.models = wire_models(context_.catalog, context_.broker);
  connection_.send_text(write_message(message));
}

void PeerSession::refuse(const Problem& problem, const std::optional<std::string>& event_id,
                         const std::string& response_id, std::optional<std::uint32_t> request_id) {
  protocol::ErrorMessage message;
  message.event_id = event_id;
  if (!response_id.empty()) message.response_id = response_id;
  message.request_id = request_id;
  if (problem.name == ErrorName::kProtocolTooOld || problem.name == ErrorName::kProtocolTooNew) {
    message.protocol_version = context_.protocol_version;
    message.protocol_version_min = context_.protocol_version_min;
  }
  message.error = protocol::wire_error(problem);
  connection_.send_text(write_message(message));
  const protocol::ErrorRow& row = protocol::error_row(problem.name);
  if (row.close_code != 0) connection_.close(row.close_code, row.code);
}

void PeerSession::announce_shutdown() {
  protocol::SessionClosing message;
  message.grace_ms = protocol::kShutdownGraceMs;
  connection_.send_text(write_message(message));
}

void PeerSession::close_for_shutdown() {
  const protocol::ErrorRow& row = protocol::error_row(ErrorName::kServerClosing);
  connection_.close(row.close_code, row.code);
}

void PeerSession::on_response_event(const SharedResponseEvent& event) {
  connection_.send_text(write_message(*event));
}

void PeerSession::send_to_runner(const protocol::MessageToRunner& message) {
  connection_.send_text(write_message(message));
}

std::vector<protocol::WireModel> wire_models(const ModelCatalog& catalog, const Broker& broker) {
  std::vector<protocol::WireModel> models;
  for (const CatalogModel& model : catalog.models()) {
    models.push_back(model.wire);
    models.back().runners = broker.runner_count(model.wire.name);
  }
  return models;
}

}  // namespace tessera
