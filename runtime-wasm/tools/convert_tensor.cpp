#include "tools/convert_tensor.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

#include "base/half.h"
#include "quantization/format.h"
#include "quantization/pack.h"
#include "tools/convert_model.h"

namespace tessera {
namespace {

constexpr std::int64_t kChunkElements = 1 << 20;

// How many rows are read at once: whole panels, about kChunkElements elements.
std::int64_t chunk_rows(std::int64_t columns) {
  return std::max<std::int64_t>(1, kChunkElements / columns / kPanelRows) * kPanelRows;
}

Error not_finite() {
  return Error{ErrorCode::kInvalidFile, "holds weights that are infinite or not a number"};
}

bool is_finite_half(std::uint16_t half) {
  return (half & 0x7c00u) != 0x7c00u;
}

// One panel's integers, gathered from stored blocks and packed.
class PanelRepacker {
 public:
  PanelRepacker(const StoredFormat& format, std::int64_t columns)
      : format_(format),
        columns_(columns),
        quants_(static_cast<std::size_t>(kPanelRows * columns)),
        scales_(static_cast<std::size_t>(kPanelRows * group_count(columns))),
        minimums_(scales_.size()) {}

  // `blocks` holds row_count <= kPanelRows rows.
  Result<void> repack(const std::byte* blocks, std::int64_t row_count, std::byte* panel) {
    const std::size_t block_groups =
        format_.block_elements / static_cast<std::size_t>(kGroupColumns);
    const std::size_t count =
        static_cast<std::size_t>(row_count * columns_) / format_.block_elements;
    for (std::size_t block = 0; block < count; ++block) {
      format_.unpack(blocks + block * format_.block_size_bytes, unpacked_);
      std::copy_n(unpacked_.quants, format_.block_elements,
                  quants_.data() + block * format_.block_elements);
      for (std::size_t group = 0; group < block_groups; ++group) {
        scales_[block * block_groups + group] = unpacked_.scales[group];
        minimums_[block * block_groups + group] = unpacked_.minimums[group];
        if (!is_finite_half(unpacked_.scales[group]) ||
            !is_finite_half(unpacked_.minimums[group])) {
          return not_finite();
        }
      }
    }
    pack(row_count, panel);
    return {};
  }

 private:
  void pack(std::int64_t row_count, std::byte* panel) const {
    if (format_.natural_type == DataType::kQ8) {
      pack_panel_q8(reinterpret_cast<const std::int8_t*>(quants_.data()), scales_.data(), row_count,
                    columns_, panel);
    } else if (format_.natural_type == DataType::kQ4) {
      pack_panel_q4(quants_.data(), scales_.data(), row_count, columns_, panel);
    } else {
      pack_panel_q4m(quants_.data(), scales_.data(), minimums_.data(), row_count, columns_, panel);
    }
  }

  const StoredFormat& format_;
  std::int64_t columns_;
  std::vector<std::uint8_t> quants_;
  std::vector<std::uint16_t> scales_;
  std::vector<std::uint16_t> minimums_;
  UnpackedBlock unpacked_{};
};

// Quantizes the panels of some rows, shared out among threads.
void quantize_rows(DataType type, const std::vector<float>& rows, std::int64_t columns, int threads,
                   std::vector<std::byte>& out) {
  const auto row_count = static_cast<std::int64_t>(rows.size()) / columns;
  const std::int64_t panels = panel_count(row_count);
  const std::size_t panel_bytes = panel_size_bytes(type, columns);
  out.resize(static_cast<std::size_t>(panels) * panel_bytes);
  const auto work = [&](std::int64_t first, std::int64_t step) {
    for (std::int64_t panel = first; panel < panels; panel += step) {
      const std::int64_t row = panel * kPanelRows;
      quantize_panel(type, rows.data() + row * columns, std::min(kPanelRows, row_count - row),
                     columns, out.data() + static_cast<std::size_t>(panel) * panel_bytes);
    }
  };
  const std::int64_t workers = std::clamp<std::int64_t>(threads, 1, panels);
  std::vector<std::thread> helpers;
  for (std::int64_t worker = 1; worker < workers; ++worker) {
    helpers.emplace_back(work, worker, workers);
  }
  work(0, workers);
  for (std::thread& helper : helpers) helper.join();
}

Result<void> append_floats(DataType type, const std::vector<float>& rows, std::int64_t columns,
                           int threads, PackageWriter& writer) {
  if (!std::all_of(rows.begin(), rows.end(), [](float x) { return std::isfinite(x); })) {
    return not_finite();
  }
  if (type == DataType::kF32) return writer.append(std::as_bytes(std::span(rows)));
  if (type == DataType::kF16) {
    std::vector<std::uint16_t> halves(rows.size());
    std::transform(rows.begin(), rows.end(), halves.begin(), float_to_half);
    if (!std::all_of(halves.begin(), halves.end(), is_finite_half)) {
      return Error{ErrorCode::kInvalidFile,
                   "holds weights above 65504, too large for f16; use --weights f32 or q8"};
    }
    return writer.append(std::as_bytes(std::span(halves)));
  }
  std::vector<std::byte> panels;
  quantize_rows(type, rows, columns, threads, panels);
  return writer.append(panels);
}

Result<void> append_repacked(const SourceTensor& tensor, std::span<const std::byte> blocks,
                             PanelRepacker& repacker, PackageWriter& writer) {
  const std::size_t row_size_bytes = tensor.row_size_bytes();
  std::vector<std::byte> panel(panel_size_bytes(tensor.format->natural_type, tensor.columns()));
  while (!blocks.empty()) {
    const std::size_t rows =
        std::min(static_cast<std::size_t>(kPanelRows), blocks.size() / row_size_bytes);
    TESSERA_TRY_VOID(repacker.repack(blocks.data(), static_cast<std::int64_t>(rows), panel.data()));
    TESSERA_TRY_VOID(writer.append(panel));
    blocks = blocks.subspan(rows * row_size_bytes);
  }
  return {};
}

}  // namespace

Result<void> convert_tensor(const ModelSource& source, std::size_t index, DataType type,
                            int threads, PackageWriter& writer) {
  const SourceTensor& tensor = source.tensors()[index];
  const bool repacks = is_repacked(tensor, type);
  std::optional<PanelRepacker> repacker;
  if (repacks) repacker.emplace(*tensor.format, tensor.columns());
  const std::int64_t rows = tensor.rows();
  const std::int64_t rows_at_once = chunk_rows(tensor.columns());
  std::vector<std::byte> stored;
  std::vector<float> floats;
  for (std::int64_t row = 0; row < rows; row += rows_at_once) {
    const auto count = static_cast<std::size_t>(std::min(rows_at_once, rows - row));
    stored.resize(count * tensor.row_size_bytes());
    TESSERA_TRY_VOID(source.read_rows(index, row, stored));
    if (repacks) {
      TESSERA_TRY_VOID(append_repacked(tensor, stored, *repacker, writer));
      continue;
    }
    floats.resize(count * static_cast<std::size_t>(tensor.columns()));
    stored_to_floats(*tensor.format, stored.data(), floats);
    TESSERA_TRY_VOID(append_floats(type, floats, tensor.columns(), threads, writer));
  }
  return {};
}

}  // namespace tessera
