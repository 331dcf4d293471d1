// KvCodecObserver: watches a model run and finds, for each layer, the codecs of its keys and values
// (calibration/kv_codec_fit.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backends/backend.h"
#include "calibration/kv_codec_fit.h"

namespace tessera::calibration {

class KvCodecObserver final : public Backend {
 public:
  // REQUIRES: `inner` has host memory and does what it is asked at once; the model's caches are
  // f32, and before attention it rotates keys, then writes them.
  explicit KvCodecObserver(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  // In the order in which layers ran. Errors: kInvalidArgument if too few tokens were seen.
  Result<std::vector<LayerCodecs>> codecs() const;

  std::string_view name() const override { return inner_->name(); }
  Result<BufferRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose) override {
    return inner_->allocate(type, shape, purpose);
  }
  void release(const BufferRef& buffer) override { inner_->release(buffer); }
  Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                     std::span<const std::byte> bytes) override {
    return inner_->write(buffer, offset_bytes, bytes);
  }
  Result<ReadTicket> begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                std::size_t size_bytes) override {
    return inner_->begin_read(buffer, offset_bytes, size_bytes);
  }
  bool is_read_done(ReadTicket ticket) const override { return inner_->is_read_done(ticket); }
  Result<void> finish_read(ReadTicket ticket, std::span<std::byte> out) override {
    return inner_->finish_read(ticket, out);
  }
  void abandon_read(ReadTicket ticket) override { inner_->abandon_read(ticket); }
  int runs_in_flight_max() const override { return 1; }
  Result<std::unique_ptr<Program>> prepare(std::span<const Op> ops,
                                           std::span<const TensorRef> results) override;
  Result<void> run(const Program& program) override;
  MemoryUse memory_use() const override { return inner_->memory_use(); }

 private:
  struct Layer {
    std::uint32_t cache_id = 0;
    KvStatistics statistics;
    TensorRef output_projection;
  };

  // `rope`: what rotates its keys, or null.
  Layer& layer_of(const Attention& op, const Rope* rope);

  std::unique_ptr<Backend> inner_;
  std::vector<Layer> layers_;
};

}  // namespace tessera::calibration
