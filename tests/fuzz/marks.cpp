// SPDX-License-Identifier: MIT
// What tells where a log begins and where it ends, beside segments that are whole: the file `first`, and the
// tip page. Each is missing, as it comes, or with its checks made right. A reader gives no events but the
// log's.
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "base/assert.hpp"
#include "base/os/boot_id.hpp"
#include "base/os/lock.hpp"
#include "input.hpp"
#include "log/format.hpp"
#include "log/segment_log.hpp"
#include "log/segment_reader.hpp"
#include "log/tip_page.hpp"
#include "log/verify.hpp"
#include "support/owned_event.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

constexpr std::uint64_t event_count = 30;
constexpr std::uint64_t block_count = 3;  // events of each
constexpr std::uint64_t tip_max = (std::uint64_t{1} << 48) - 1;

enum class How { missing, as_it_comes, checked };

struct Numbers {
  std::uint8_t first, tip;  // How, modulo 3
  std::uint8_t is_served, has_writer;
  std::uint32_t first_size;
  std::uint64_t published;
};

std::string data_of(std::uint64_t id) {
  return std::to_string(id) + std::string(700, '.');
}

/// A log of several segments, the last one not sealed, without either mark.
class WholeLog {
 public:
  WholeLog() {
    const auto log =
        SegmentLog::open({.dir = dir_.path(), .segment_size = 8'192, .allocate_ahead = false}).value();
    id_ = log->log_id();
    for (std::uint64_t id = 0; id < event_count; id += block_count) {
      std::vector<OwnedEvent> events;
      for (auto i = id; i < id + block_count; ++i)
        events.push_back(event_with(data_of(i)));
      ALUDEL_ASSERT(log->append({views(events), {}, 0}));
    }
  }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_.path(); }
  [[nodiscard]] const Uuid& id() const { return id_; }

  void put(const char* name, std::string_view bytes) const {
    std::ofstream(dir() / name, std::ios::binary) << bytes;
  }
  void clear() const {
    for (const auto* name : {"first", "tip"})
      std::filesystem::remove(dir() / name);
  }

 private:
  const TempDir dir_;
  Uuid id_;
};

void put_first(const WholeLog& log, How how, std::string_view bytes) {
  if (how == How::as_it_comes) log.put("first", bytes);
  if (how != How::checked) return;
  format::FirstMark mark{};
  std::memcpy(&mark, bytes.data(), std::min(bytes.size(), sizeof mark));
  mark.magic = format::FirstMark::magic_bytes;
  mark.version = format::version;
  mark.log_id = log.id();
  mark.crc = format::crc_of(mark);
  log.put("first", format::bytes_of(mark));
}

void put_tip(const WholeLog& log, How how, std::string_view bytes, const Numbers& numbers) {
  if (how == How::as_it_comes) log.put("tip", bytes);
  if (how != How::checked) return;
  auto page = TipPublisher::open(log.dir() / "tip").value();
  page.serve(log.id(), os::boot_id().value(), numbers.published & tip_max);
  if (numbers.is_served == 0) page.reset();
}

// @return up to which event
std::uint64_t walk(SegmentReader& reader, std::uint64_t id) {
  const auto cursor = reader.read_from(id);
  if (!cursor) return id;
  for (;;) {
    const auto block = (*cursor)->next();
    if (!block || *block == nullptr) return id;
    Event event;
    for (auto events = (*block)->events(id); events.next(event); ++id) {
      ALUDEL_ASSERT(event.id == id && id < event_count && id < reader.tip());
      ALUDEL_ASSERT(std::string_view(event.data.data(), event.data.size()) == data_of(id));
    }
  }
}

void read(SegmentReader& reader) {
  const auto tip = reader.tip();
  const auto first = reader.first();
  (void)reader.type_counts();
  (void)reader.stats();
  for (const auto id :
       {std::uint64_t{0}, std::uint64_t{1}, first ? *first : 0, tip / 2, tip - 1, tip, event_count}) {
    (void)reader.block_fingerprint(id);
    (void)walk(reader, id);
  }
  const Interrupt never;
  (void)reader.wait(tip, never, std::chrono::nanoseconds(0));
}

}  // namespace

}  // namespace aludel

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aludel;
  static const WholeLog log;
  Numbers numbers{};
  if (size < sizeof numbers) return 0;
  std::memcpy(&numbers, data, sizeof numbers);
  const auto bytes = as_text(data + sizeof numbers, size - sizeof numbers);
  const auto first_size = std::min<std::size_t>(numbers.first_size, bytes.size());
  const auto first = static_cast<How>(numbers.first % 3);
  const auto tip = static_cast<How>(numbers.tip % 3);
  log.clear();
  put_first(log, first, bytes.substr(0, first_size));
  put_tip(log, tip, bytes.substr(first_size), numbers);

  std::optional<os::FileLock> writer;
  if (numbers.has_writer != 0) writer = os::FileLock::acquire(log.dir() / "lock").value();
  auto& files = os::real_file_system();
  (void)verify_log(files, log.dir(), {}, [](std::uint64_t, std::uint64_t) {});
  const auto reader = SegmentReader::open(files, log.dir());
  if (!reader) return 0;
  ALUDEL_ASSERT(writer || (*reader)->tip() <= event_count);
  if (first == How::missing && tip == How::missing) ALUDEL_ASSERT(walk(**reader, 0) == event_count);
  read(**reader);
  return 0;
}
