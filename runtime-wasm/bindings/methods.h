// The methods behind call(): each reads its parameters and writes the value of "ok".
#pragma once

#include "base/json.h"
#include "base/json_writer.h"
#include "base/result.h"
#include "bindings/model_table.h"

namespace tessera {

using Method = Result<void> (*)(ModelTable& models, const JsonObject& parameters,
                                JsonWriter& reply);

// model_methods.cpp
Result<void> model_create(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> model_shard_spans(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> model_finish_shard(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> model_release(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> memory(ModelTable&, const JsonObject&, JsonWriter&);

// text_methods.cpp
Result<void> tokenize(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> detokenize(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> forward(ModelTable&, const JsonObject&, JsonWriter&);

// generation_methods.cpp
Result<void> generation_start(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> generation_step(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> generation_cancel(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> generation_timings(ModelTable&, const JsonObject&, JsonWriter&);

// gpu_methods.cpp
Result<void> gpu_commands(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> gpu_deliver(ModelTable&, const JsonObject&, JsonWriter&);
Result<void> gpu_write(ModelTable&, const JsonObject&, JsonWriter&);
// What a page found out about its device, and which of it may be used.
Result<WebGpuOptions> read_webgpu_options(const JsonObject& gpu);

// capability_methods.cpp
Result<void> capabilities(ModelTable&, const JsonObject&, JsonWriter&);

// Reads an array of token ids; any that does not fit 31 bits is an error.
Result<std::vector<std::int32_t>> read_ids(const std::vector<JsonValue>& values);

void write_ids(std::span<const std::int32_t> ids, JsonWriter& reply);

}  // namespace tessera
