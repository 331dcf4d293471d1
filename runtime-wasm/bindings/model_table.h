// The models a tab holds, by the number that the page knows them by.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "backends/webgpu/webgpu_backend.h"
#include "base/json.h"
#include "base/result.h"
#include "generation/generator.h"
#include "generation/text_model.h"

namespace tessera {

struct LoadedModel {
  std::unique_ptr<TextModel> model;
  WebGpuBackend* gpu = nullptr;  // the model's backend, if it is one
  std::unique_ptr<Generator> generator;
  std::vector<float> logits;  // of the last `forward`
};

class ModelTable {
 public:
  std::int32_t add(std::unique_ptr<TextModel> model, WebGpuBackend* gpu);
  void remove(std::int32_t id) { models_.erase(id); }

  // REQUIRES: `id` came from add() and was not removed.
  LoadedModel& at(std::int32_t id) { return models_.at(id); }

  // The model that parameters.model names. Errors: kNotFound.
  Result<LoadedModel*> find(const JsonObject& parameters);

  // As find, and all shards must be there. Errors: kInvalidArgument saying how many are missing.
  Result<LoadedModel*> find_ready(const JsonObject& parameters);

 private:
  std::map<std::int32_t, LoadedModel> models_;
  std::int32_t next_id_ = 1;
};

}  // namespace tessera
