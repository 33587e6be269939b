// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/format.hpp"
#include "log/segment.hpp"
#include "log_fixture.hpp"
#include "support/fault_file_system.hpp"

/// A closed log's files, as something to be damaged.
namespace aludel {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::remove(path);  // some file systems sync what is written over a truncated file
  std::ofstream(path, std::ios::binary) << content;
}

inline void poke(const std::filesystem::path& path, std::size_t offset, char byte) {
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary)
      .seekp(static_cast<std::streamoff>(offset))
      .put(byte);
}

/// A log's segments in memory, to be put back before each try.
class Snapshot {
 public:
  explicit Snapshot(std::filesystem::path dir) : dir_(std::move(dir)) {
    for (const auto id : list_segments(os::real_file_system(), dir_).value()) {
      files_.emplace_back(segment_name(id), read_file(dir_ / segment_name(id)));
    }
  }
  /// As after a power loss: what the tip page said is not believed any more.
  void restore() const {
    for (const auto& entry : std::filesystem::directory_iterator(dir_)) {
      if (entry.path().filename() != "lock") std::filesystem::remove(entry);
    }
    for (const auto& [name, content] : files_)
      write_file(dir_ / name, content);
  }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& files() const { return files_; }
  [[nodiscard]] const std::string& last() const { return files_.back().second; }
  [[nodiscard]] std::filesystem::path last_path() const { return dir_ / files_.back().first; }

 private:
  std::filesystem::path dir_;
  std::vector<std::pair<std::string, std::string>> files_;
};

/// Where the blocks of a segment begin, and where the last one ends.
inline std::vector<std::size_t> block_offsets(const std::string& segment) {
  std::vector<std::size_t> offsets{sizeof(format::SegmentHeader)};
  while (offsets.back() + sizeof(format::BlockHeader) <= segment.size()) {
    const auto header = format::load<format::BlockHeader>(segment.data() + offsets.back());
    if (header.common.magic != format::block_magic) break;
    offsets.push_back(offsets.back() + format::block_size(header));
  }
  return offsets;
}

struct Reports {
  std::vector<std::string> lines;
  [[nodiscard]] ReportSink sink() {
    return [this](const std::string& line) { lines.push_back(line); };
  }
};

inline OpenOptions reporting(const std::filesystem::path& dir, FaultFileSystem& files, Reports& reports) {
  return OpenOptions{
      .dir = dir, .files = files, .segment_size = 8'192, .allocate_ahead = false, .report = reports.sink()};
}

inline Uuid log_id_of(const std::filesystem::path& dir) {
  const auto header = format::load<format::SegmentHeader>(read_file(dir / segment_name(0)).data());
  return header.log_id;
}

/// The same, where a processor has handled the log's events below `next`.
inline OpenOptions with_cursor(OpenOptions options, std::uint64_t next, bool durable = true) {
  options.known = {{"processor x", "processors/x", log_id_of(options.dir), next, durable}};
  return options;
}

/// As a power loss does: what was published in this boot is not believed any more.
inline void forget_boot(const std::filesystem::path& dir) {
  std::filesystem::remove(dir / "tip");
}

}  // namespace aludel
