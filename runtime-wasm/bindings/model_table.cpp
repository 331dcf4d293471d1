#include "bindings/model_table.h"

#include <limits>
#include <string>
#include <utility>

namespace tessera {

std::int32_t ModelTable::add(std::unique_ptr<TextModel> model, WebGpuBackend* gpu) {
  LoadedModel loaded;
  loaded.gpu = gpu;
  loaded.generator = std::make_unique<Generator>(*model);
  loaded.model = std::move(model);
  const std::int32_t id = next_id_++;
  models_.emplace(id, std::move(loaded));
  return id;
}

Result<LoadedModel*> ModelTable::find(const JsonObject& parameters) {
  TESSERA_TRY(const std::int64_t id,
              parameters.integer("model", 0, std::numeric_limits<std::int32_t>::max()));
  const auto found = models_.find(static_cast<std::int32_t>(id));
  if (found == models_.end()) {
    return Error{ErrorCode::kNotFound, "there is no model " + std::to_string(id)};
  }
  return &found->second;
}

Result<LoadedModel*> ModelTable::find_ready(const JsonObject& parameters) {
  TESSERA_TRY(LoadedModel * loaded, find(parameters));
  if (loaded->model->is_ready()) return loaded;
  return Error{ErrorCode::kInvalidArgument,
               "the model is still loading: " + std::to_string(loaded->model->finished_shards()) +
                   " of " + std::to_string(loaded->model->manifest().shards.size()) +
                   " shards are there"};
}

}  // namespace tessera
