// LaggingBackend: computes like the CPU backend, but lets callers wait for what they read and ask
// for several runs ahead, as a GPU does. What a read brings is as it was when it was asked for.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "backends/cpu/cpu_backend.h"

namespace tessera::testing {

class LaggingBackend final : public Backend {
 public:
  LaggingBackend(int runs_in_flight_max, int polls_until_done)
      : cpu_(CpuBackend::create({}).value()),
        runs_in_flight_max_(runs_in_flight_max),
        polls_until_done_(polls_until_done) {}

  std::string_view name() const override { return "lagging"; }
  Result<BufferRef> allocate(DataType type, const Shape& shape, MemoryPurpose purpose) override {
    return cpu_->allocate(type, shape, purpose);
  }
  void release(const BufferRef& buffer) override { cpu_->release(buffer); }
  Result<void> write(const BufferRef& buffer, std::size_t offset_bytes,
                     std::span<const std::byte> bytes) override {
    return cpu_->write(buffer, offset_bytes, bytes);
  }
  Result<ReadTicket> begin_read(const BufferRef& buffer, std::size_t offset_bytes,
                                std::size_t size_bytes) override {
    Read read{std::vector<std::byte>(size_bytes), polls_until_done_};
    TESSERA_TRY_VOID(read_now(*cpu_, buffer, offset_bytes, read.bytes));
    const ReadTicket ticket{next_ticket_++};
    reads_.emplace(ticket.id, std::move(read));
    reads_most_ = std::max(reads_most_, reads_.size());
    return ticket;
  }
  bool is_read_done(ReadTicket ticket) const override {
    return --reads_.at(ticket.id).polls_left < 0;
  }
  Result<void> finish_read(ReadTicket ticket, std::span<std::byte> out) override {
    TESSERA_CHECK(reads_.at(ticket.id).polls_left < 0);
    TESSERA_CHECK(out.size() == reads_.at(ticket.id).bytes.size());
    std::ranges::copy(reads_.at(ticket.id).bytes, out.begin());
    reads_.erase(ticket.id);
    return {};
  }
  void abandon_read(ReadTicket ticket) override { reads_.erase(ticket.id); }
  int runs_in_flight_max() const override { return runs_in_flight_max_; }
  Result<std::unique_ptr<Program>> prepare(std::span<const Op> ops,
                                           std::span<const TensorRef> results) override {
    return cpu_->prepare(ops, results);
  }
  Result<void> run(const Program& program) override { return cpu_->run(program); }
  MemoryUse memory_use() const override { return cpu_->memory_use(); }

  std::size_t reads_open() const { return reads_.size(); }
  // The most that were ever open at once.
  std::size_t reads_most() const { return reads_most_; }

 private:
  struct Read {
    std::vector<std::byte> bytes;
    mutable int polls_left = 0;
  };

  std::unique_ptr<CpuBackend> cpu_;
  int runs_in_flight_max_;
  int polls_until_done_;
  std::uint32_t next_ticket_ = 1;
  std::map<std::uint32_t, Read> reads_;
  std::size_t reads_most_ = 0;
};

}  // namespace tessera::testing
