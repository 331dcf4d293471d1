#include "bindings/call.h"

#include <array>

#include "bindings/methods.h"

namespace tessera {
namespace {

struct MethodRow {
  std::string_view name;
  Method run;
};

constexpr std::array kMethods = {
    MethodRow{"capabilities", capabilities},
    MethodRow{"model.create", model_create},
    MethodRow{"model.shard_spans", model_shard_spans},
    MethodRow{"model.finish_shard", model_finish_shard},
    MethodRow{"model.release", model_release},
    MethodRow{"memory", memory},
    MethodRow{"tokenize", tokenize},
    MethodRow{"detokenize", detokenize},
    MethodRow{"forward", forward},
    MethodRow{"generation.start", generation_start},
    MethodRow{"generation.step", generation_step},
    MethodRow{"generation.cancel", generation_cancel},
    MethodRow{"generation.timings", generation_timings},
    MethodRow{"gpu.commands", gpu_commands},
    MethodRow{"gpu.deliver", gpu_deliver},
    MethodRow{"gpu.write", gpu_write},
};

Result<void> run(std::string_view method, std::string_view parameters_json, JsonWriter& reply) {
  static ModelTable models;
  TESSERA_TRY(const JsonDocument document, JsonDocument::parse(parameters_json));
  TESSERA_TRY(const JsonObject parameters, document.root().object());
  for (const MethodRow& row : kMethods) {
    if (row.name == method) return row.run(models, parameters, reply);
  }
  return Error{ErrorCode::kNotFound, "there is no method \"" + std::string(method) + "\""};
}

std::string error_reply(const Error& error) {
  JsonWriter reply;
  reply.begin_object().key("error").begin_object();
  reply.key("code").string(error_code_name(error.code));
  reply.key("message").string(error.message);
  reply.end_object().end_object();
  return std::move(reply).take();
}

}  // namespace

std::string call(std::string_view method, std::string_view parameters_json) {
  JsonWriter reply;
  reply.begin_object().key("ok");
  const Result<void> result = run(method, parameters_json, reply);
  if (!result) return error_reply(result.error());
  reply.end_object();
  return std::move(reply).take();
}

}  // namespace tessera
