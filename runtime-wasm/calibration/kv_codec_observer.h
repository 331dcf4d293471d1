// KvCodecObserver: watches a model run and finds, for each layer, the codecs with which its keys
// and values lose least in a packed KV cache (ops/kv_codec.h).
//
// What an error e of a key costs is (query . e)^2, so that errors are measured by the second
// moments of the queries; an error of a value passes through the output projection. In coordinates
// where that measure is plain distance, the eigenvectors of the covariance are those that a fixed
// number of bits serves best (Karhunen-Loeve; reverse water-filling in Cover and Thomas, section
// 10.3). Each is scaled to unit variance; its variance is the weight of its error.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backends/backend.h"
#include "calibration/matrix.h"

namespace tessera::calibration {

class KvCodecObserver final : public Backend {
 public:
  // REQUIRES: `inner` has host memory and does what it is asked at once; the model's caches are
  // f32.
  explicit KvCodecObserver(std::unique_ptr<Backend> inner) : inner_(std::move(inner)) {}

  struct LayerCodecs {
    std::vector<std::uint16_t> key, value;  // the matrices of a KvCodec, f16
  };
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
  struct Head {
    Matrix key_moments, value_moments, query_moments;
    Vector key_sum, value_sum;
  };
  struct Layer {
    std::uint32_t cache_id = 0;
    std::vector<Head> heads;
    std::int64_t tokens = 0;
    TensorRef output_projection;
  };

  Layer& layer_of(const Attention& op);
  void observe(const KvWrite& op, Layer& layer) const;
  void observe(const Attention& op, Layer& layer) const;

  std::unique_ptr<Backend> inner_;
  std::vector<Layer> layers_;
};

}  // namespace tessera::calibration
