#include "gpu/op_table_writer.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "backends/webgpu/shader_library.h"

namespace tessera::testing {
namespace {

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      bits = bits << 8 | (j < bytes.size() ? std::to_integer<std::uint32_t>(bytes[j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
    }
  }
  return out;
}

std::string label_of(const webgpu::Kernel& kernel) {
  std::string label(kernel.name);
  for (const auto& [name, value] : kernel.choices) {
    label += ' ';
    label += value;
  }
  return label;
}

// What is not zero: runs of pages as [offset, base64].
void write_runs(std::span<const std::byte> bytes, JsonWriter& json) {
  constexpr std::size_t kPage = 4096;
  const auto page = [&](std::size_t at) {
    return bytes.subspan(at, std::min(kPage, bytes.size() - at));
  };
  const auto is_zero = [&](std::size_t at) {
    return std::ranges::all_of(page(at), [](std::byte b) { return b == std::byte{0}; });
  };
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t end = at;
    while (end < bytes.size() && !is_zero(end)) end += page(end).size();
    if (end > at) {
      json.begin_array().integer(static_cast<std::int64_t>(at));
      json.string(base64(bytes.subspan(at, end - at))).end_array();
    }
    at = end > at ? end : at + page(at).size();
  }
}

void write_buffers(const RecordingBackend& backend, JsonWriter& json) {
  std::set<std::uint32_t> used;
  for (const webgpu::Dispatch& dispatch : backend.dispatches()) {
    for (const webgpu::Binding& binding : dispatch.bindings) used.insert(binding.buffer);
  }
  json.key("buffers").begin_array();
  for (const auto& [id, bytes] : backend.gpu_buffers()) {
    if (!used.contains(id)) continue;
    json.begin_object().key("id").integer(id);
    json.key("size_bytes").integer(static_cast<std::int64_t>(bytes.size()));
    json.key("runs").begin_array();
    write_runs(bytes, json);
    json.end_array().end_object();
  }
  json.end_array();
}

// Rounding x to bytes leaves up to half of 1/127 of the largest of 16; a layer rounds four times.
constexpr double kByteTolerance = 6e-3, kByteLayerTolerance = 2e-2;

double tolerance_of(const ExpectedTensor& result, const std::string& op,
                    const RecordingOptions& options) {
  const double tolerance = options.uses_f16 ? result.tolerance_f16 : result.tolerance;
  if (!options.uses_byte_products) return tolerance;
  if (op == "MatMul") return std::max(tolerance, kByteTolerance);
  return op == "Layer" ? std::max(tolerance, kByteLayerTolerance) : tolerance;
}

void write_results(const RecordingBackend& backend, const OpCaseRun& run, const std::string& op,
                   const RecordingOptions& options, JsonWriter& json) {
  json.key("results").begin_array();
  for (const ExpectedTensor& result : run.results) {
    const Location location = backend.locate(result.tensor);
    json.begin_object();
    json.key("buffer").integer(location.buffer);
    json.key("offset_bytes").integer(static_cast<std::int64_t>(location.offset_bytes));
    json.key("type").string(data_type_name(result.tensor.type));
    json.key("scale").number(result.scale);
    json.key("tolerance").number(tolerance_of(result, op, options));
    json.key("judged").string(result.is_judged_as_a_whole ? "as a whole" : "one by one");
    json.key("expected").begin_array();
    for (const double value : result.values) json.number(static_cast<double>(value));
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

OpTableWriter::OpTableWriter(const RecordingOptions& options) : options_(options) {
  cases_.begin_array();
}

std::size_t OpTableWriter::pipeline_index(const webgpu::Kernel& kernel, std::string code) {
  JsonWriter json;
  json.begin_object().key("label").string(label_of(kernel)).key("code").string(code);
  json.key("constants").begin_object();
  for (const auto& [name, value] : kernel.constants) json.key(name).integer(value);
  json.end_object().end_object();
  const auto found = std::ranges::find(pipelines_, json.text());
  const auto index = static_cast<std::size_t>(found - pipelines_.begin());
  if (found == pipelines_.end()) pipelines_.push_back(std::move(json).take());
  return index;
}

Result<void> OpTableWriter::write_dispatches(const RecordingBackend& backend) {
  cases_.key("dispatches").begin_array();
  for (const webgpu::Dispatch& dispatch : backend.dispatches()) {
    TESSERA_TRY(std::string code, webgpu::compose(dispatch.kernel));
    cases_.begin_object()
        .key("pipeline")
        .integer(static_cast<std::int64_t>(pipeline_index(dispatch.kernel, std::move(code))));
    cases_.key("bindings").begin_array();
    for (const webgpu::Binding& binding : dispatch.bindings) {
      cases_.begin_array().integer(binding.buffer).integer(binding.offset_bytes);
      cases_.integer(binding.size_bytes).end_array();
    }
    cases_.end_array().key("parameters").begin_array();
    for (const std::uint32_t parameter : dispatch.parameters) cases_.integer(parameter);
    cases_.end_array().key("workgroups").begin_array();
    for (const std::uint32_t count : dispatch.workgroups) cases_.integer(count);
    cases_.end_array().end_object();
  }
  cases_.end_array();
  return {};
}

Result<void> OpTableWriter::add(const OpCase& one) {
  RecordingOptions options = options_;
  if (one.binding_bytes_max > 0) options.limits.binding_bytes_max = one.binding_bytes_max;
  RecordingBackend backend(options);
  CaseTensors tensors(backend, 1);
  const OpCaseRun run = one.make(tensors);
  std::vector<TensorRef> results;
  for (const ExpectedTensor& result : run.results) results.push_back(result.tensor);
  TESSERA_TRY_VOID(backend.prepare(run.ops, results));
  cases_.begin_object().key("op").string(one.op).key("name").string(one.name);
  write_buffers(backend, cases_);
  TESSERA_TRY_VOID(write_dispatches(backend));
  write_results(backend, run, one.op, options_, cases_);
  cases_.end_object();
  return {};
}

Result<void> OpTableWriter::add(const BenchCase& one) {
  RecordingBackend backend(options_);
  std::vector<Op> ops;
  for (int copy = 0; copy < one.copies; ++copy) {
    for (Op& op : one.make(backend)) ops.push_back(std::move(op));
  }
  TESSERA_TRY_VOID(backend.prepare(ops, {}));
  cases_.begin_object().key("op").string("bench").key("name").string(one.name);
  cases_.key("bytes").number(one.bytes).key("operations").number(one.operations);
  cases_.key("copies").integer(one.copies).key("results").begin_array().end_array();
  write_buffers(backend, cases_);
  TESSERA_TRY_VOID(write_dispatches(backend));
  cases_.end_object();
  return {};
}

Result<void> OpTableWriter::add(const webgpu::Kernel& kernel) {
  TESSERA_TRY(std::string code, webgpu::compose(kernel));
  pipeline_index(kernel, std::move(code));
  return {};
}

std::string OpTableWriter::take() && {
  JsonWriter json;
  json.begin_object().key("pipelines").begin_array();
  for (const std::string& pipeline : pipelines_) json.raw(pipeline);
  json.end_array().key("cases").raw(cases_.end_array().text()).end_object();
  return std::move(json).take();
}

}  // namespace tessera::testing
