// SPDX-License-Identifier: MIT
#include "log_leader.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "log/recovery.hpp"
#include "log/segment.hpp"

namespace aludel {

Result<void> LogLeader::open(std::uint64_t published) {
  const auto first_ids = list_segments(files_, dir_);
  if (!first_ids) return first_ids.error();
  if (first_ids->empty()) {
    const auto header = make_segment_header(crash_log_id, 0, 0, clock_.wall_ns(), crash_segment_size);
    if (const auto made = create_segment(files_, dir_, header); !made) return made.error();
  }
  const KnownMark tip_page{"the tip page", dir_ / "tip", crash_log_id, published};
  auto recovered = recover_log(files_, dir_, std::array{tip_page}, [](const std::string&) {});
  if (!recovered) return recovered.error();
  catalog_ = std::move(recovered->catalog);
  writer_.emplace(SegmentWriter::Options{files_, dir_, clock_, sync_, crash_segment_size, false},
                  std::move(recovered->end));
  all_is_durable();
  return {};
}

Result<std::size_t> LogLeader::commit(const std::vector<const AskedAppend*>& waiting) {
  std::vector<EncodedBlock> blocks;
  for (const auto* append : waiting) {
    auto block = EncodedBlock::encode({views(append->events), append->producer, append->sequence});
    if (!block) return block.error();
    blocks.push_back(std::move(*block));
  }
  clock_.advance(std::chrono::milliseconds(1));
  if (auto ok = make_room(blocks.front().size()); !ok) return ok.error();
  std::vector<BlockWrite> writes;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    bytes += blocks[i].size();
    if (bytes > writer_->room()) break;
    writes.push_back({&blocks[i], end_of(waiting[i]->producer)});
  }
  if (auto ok = writer_->append(writes); !ok) return ok.error();
  for (const auto& write : writes)
    catalog_.add(write.block->view(), write.offset);
  return writes.size();
}

void LogLeader::fill_ahead() {
  if (!writer_->has_segment() || ahead_) return;
  const auto first_ids = list_segments(files_, dir_);
  if (!first_ids) return;
  auto file = files_.open(dir_ / segment_name(first_ids->back()), os::OpenMode::read_write);
  if (!file) return;
  ahead_ = std::move(*file);
  const auto size = ahead_->size();
  if (!size || *size >= crash_segment_size) return;
  const std::string zeros(crash_segment_size - *size, '\0');
  (void)ahead_->write_at(*size, std::array{std::string_view(zeros)});
}

void LogLeader::sync_ahead() {
  if (ahead_) (void)ahead_->sync_data();
  ahead_.reset();
}

Result<void> LogLeader::make_room(std::size_t size) {
  if (auto ok = writer_->check(); !ok) return ok;
  if (auto ok = writer_->repair(); !ok) return ok;
  if (size <= writer_->room()) return {};
  sync_ahead();
  if (writer_->has_segment()) {
    if (auto ok = writer_->seal(catalog_); !ok) return ok;
    all_is_durable();
  }
  return writer_->begin_segment();
}

ProducerEnd LogLeader::end_of(const std::string& producer) const {
  const auto found = catalog_.producers.find(producer);
  return found == catalog_.producers.end() ? ProducerEnd{} : found->second;
}

}  // namespace aludel
