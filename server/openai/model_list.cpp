#include "server/openai/model_list.h"

#include "base/json_writer.h"

namespace tessera {
namespace {

void write_model(JsonWriter& json, const protocol::WireModel& model, std::uint64_t created) {
  json.begin_object().key("id").string(model.name).key("object").string("model");
  json.key("created").integer(static_cast<std::int64_t>(created));
  json.key("owned_by").string("tessera").end_object();
}

}  // namespace

std::string model_object_body(const protocol::WireModel& model, std::uint64_t created) {
  JsonWriter json;
  write_model(json, model, created);
  return std::move(json).take();
}

std::string model_list_body(const std::vector<protocol::WireModel>& models, std::uint64_t created) {
  JsonWriter json;
  json.begin_object().key("object").string("list").key("data").begin_array();
  for (const protocol::WireModel& model : models) write_model(json, model, created);
  json.end_array().end_object();
  return std::move(json).take();
}

}  // namespace tessera
