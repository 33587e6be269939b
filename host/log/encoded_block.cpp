// SPDX-License-Identifier: MIT
#include "log/encoded_block.hpp"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "log/append_check.hpp"

namespace aludel {

namespace {

using format::EventRecord;

// Senders give one string for many events.
bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.data() == b.data() || a == b);
}

struct Origin {
  std::string_view source;
  std::string_view content_type;
  friend bool operator==(const Origin& a, const Origin& b) {
    return same(a.source, b.source) && same(a.content_type, b.content_type);
  }
};

bool same(const Origin& a, const Origin& b) {
  return a == b;
}

struct OriginHash {
  std::size_t operator()(const Origin& origin) const {
    const std::hash<std::string_view> hash;
    return hash(origin.source) * 31 + hash(origin.content_type);
  }
};

// Numbers distinct values in the order of their first appearance.
template <typename Key, typename Hash>
class Numbering {
 public:
  // The value's number; if nothing had it before, it is that of the last of `keys`.
  std::uint32_t number(const Key& key) {
    // Most batches have few values, and comparing is cheaper than hashing.
    for (std::uint32_t i = 0; i < keys_.size() && i < 8; ++i) {
      if (same(keys_[i], key)) return i;
    }
    const auto [entry, added] = numbers_.try_emplace(key, static_cast<std::uint32_t>(keys_.size()));
    if (added) keys_.push_back(key);
    return entry->second;
  }
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }

 private:
  std::vector<Key> keys_;
  std::unordered_map<Key, std::uint32_t, Hash> numbers_;
};

// Knows where everything goes before a byte is written.
class Layout {
 public:
  explicit Layout(const BlockContent& content) : content_(content) {}

  Result<void> measure() {
    if (auto ok = check_batch(content_.events.size(), content_.producer); !ok) return ok;
    numbers_.reserve(content_.events.size());
    std::size_t records = 0;
    for (std::size_t i = 0; i < content_.events.size(); ++i) {
      const auto& event = content_.events[i];
      if (auto ok = check_event(event, i); !ok) return ok;
      const auto types = types_.keys().size();
      const auto origins = origins_.keys().size();
      numbers_.emplace_back(types_.number(event.type), origins_.number({event.source, event.content_type}));
      // What stood in an event before needs no second check.
      if (types_.keys().size() > types || origins_.keys().size() > origins) {
        if (auto ok = check_names(event, i); !ok) return ok;
      }
      records +=
          sizeof(EventRecord) + event.key.size() + 1 + event.attributes.packed().size() + event.data.size();
    }
    if (types_.keys().size() > limits::log_types_max) {
      return Error(ErrorCode::limit, "append: the batch has " + std::to_string(types_.keys().size()) +
                                         " types, a log holds at most " +
                                         std::to_string(limits::log_types_max));
    }
    size_up(records);
    const auto size = sizeof(format::BlockHeader) + directory_size_ + body_size_;
    if (size > limits::block_max) {
      return Error(ErrorCode::limit, "append: the batch takes " + std::to_string(size) + " bytes, at most " +
                                         std::to_string(limits::block_max) + " go into one append: split it");
    }
    return {};
  }

  [[nodiscard]] format::BlockHeader header() const {
    format::BlockHeader header{};
    header.common.magic = format::block_magic;
    header.common.version = format::version;
    header.count = static_cast<std::uint32_t>(content_.events.size());
    header.directory_size = static_cast<std::uint32_t>(directory_size_);
    header.body_size = static_cast<std::uint32_t>(body_size_);
    header.type_count = static_cast<std::uint32_t>(types_.keys().size());
    header.origin_count = static_cast<std::uint32_t>(origins_.keys().size());
    header.producer_size = static_cast<std::uint32_t>(content_.producer.size());
    header.producer_sequence = content_.producer.empty() ? 0 : content_.sequence;
    return header;
  }

  void write_directory(char* at) const {
    if (!content_.producer.empty()) at = put_string(at, content_.producer);
    std::vector<std::uint32_t> counts(types_.keys().size());
    for (const auto& [type, origin] : numbers_)
      ++counts[type];
    auto* name = at + counts.size() * sizeof(format::TypeEntry);
    for (std::size_t i = 0; i < counts.size(); ++i, at += sizeof(format::TypeEntry)) {
      const auto& type = types_.keys()[i];
      format::store(at, format::TypeEntry{counts[i], narrow(type.size()), narrow(name - at)});
      name = put_string(name, type);
    }
  }

  void write_body(char* at) const {
    auto* const end = at + body_size_;
    if (!content_.producer.empty()) {
      for (const auto& event : content_.events)
        at = put(at, event.sent_crc);
    }
    at = write_origins(at);
    for (std::size_t i = 0; i < content_.events.size(); ++i)
      at = write_event(at, i);
    std::memset(at, 0, static_cast<std::size_t>(end - at));
  }

 private:
  void size_up(std::size_t records) {
    for (const auto& type : types_.keys())
      directory_size_ += sizeof(format::TypeEntry) + type.size() + 1;
    if (!content_.producer.empty()) directory_size_ += content_.producer.size() + 1;
    for (const auto& origin : origins_.keys()) {
      origin_names_size_ += origin.source.size() + 1 + origin.content_type.size() + 1;
    }
    const auto sent_crcs = content_.producer.empty() ? 0 : content_.events.size() * sizeof(std::uint32_t);
    const auto origins =
        origins_.keys().size() * sizeof(format::OriginEntry) + sizeof(std::uint32_t) + origin_names_size_;
    const auto unpadded = directory_size_ + sent_crcs + origins + records + format::readable_tail;
    body_size_ = format::aligned(unpadded) - directory_size_;
  }

  char* write_origins(char* at) const {
    const auto& origins = origins_.keys();
    auto* const after_table = at + origins.size() * sizeof(format::OriginEntry);
    auto* name = put(after_table, narrow(origin_names_size_));
    for (const auto& origin : origins) {
      const auto source_offset = narrow(name - at);
      name = put_string(name, origin.source);
      const auto content_type_offset = narrow(name - at);
      name = put_string(name, origin.content_type);
      at = put(at, format::OriginEntry{narrow(origin.source.size()), source_offset,
                                       narrow(origin.content_type.size()), content_type_offset});
    }
    return name;
  }

  char* write_event(char* at, std::size_t index) const {
    const auto& event = content_.events[index];
    const auto attributes = event.attributes.packed();
    const auto [type, origin] = numbers_[index];
    at = put(at, EventRecord{event.time_ns, narrow(event.data.size()), origin,
                             static_cast<std::uint16_t>(type), static_cast<std::uint16_t>(event.key.size()),
                             static_cast<std::uint16_t>(attributes.size()), 0});
    at = put_string(at, event.key);
    at = put_bytes(at, attributes);
    return put_bytes(at, event.data);
  }

  template <typename T>
  static std::uint32_t narrow(T size) {
    return static_cast<std::uint32_t>(size);
  }
  template <typename T>
  static char* put(char* at, const T& value) {
    format::store(at, value);
    return at + sizeof value;
  }
  static char* put_bytes(char* at, std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
  }
  static char* put_string(char* at, std::string_view text) {
    at = put_bytes(at, text);
    *at = '\0';
    return at + 1;
  }

  const BlockContent& content_;
  Numbering<std::string_view, std::hash<std::string_view>> types_;
  Numbering<Origin, OriginHash> origins_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers_;  // type and origin of each event
  std::size_t origin_names_size_ = 0;
  std::size_t directory_size_ = 0;
  std::size_t body_size_ = 0;
};

}  // namespace

EncodedBlock::EncodedBlock(BlockBuffer buffer, const format::BlockHeader& header)
    : buffer_(std::move(buffer)), header_(header), size_(format::block_size(header)) {}

Result<EncodedBlock> EncodedBlock::encode(const BlockContent& content, BlockBuffer buffer) {
  Layout layout(content);
  if (auto ok = layout.measure(); !ok) return ok.error();
  auto header = layout.header();
  const auto size = format::block_size(header);
  if (buffer.capacity < size) buffer = {std::make_unique_for_overwrite<char[]>(size), size};
  auto* const directory = buffer.bytes.get() + sizeof header;
  auto* const body = directory + header.directory_size;
  layout.write_directory(directory);
  layout.write_body(body);
  header.directory_crc = crc32c({directory, header.directory_size});
  header.body_crc = crc32c({body, header.body_size});
  format::store(buffer.bytes.get(), header);
  return EncodedBlock(std::move(buffer), header);
}

void EncodedBlock::place(const BlockPlace& place) {
  header_.common.log_id = place.log_id;
  header_.common.first_id = place.first_id;
  header_.common.previous_crc = place.previous_crc;
  header_.common.time_ns = place.time_ns;
  header_.synced_to = place.synced_to;
  header_.producer_previous_id = place.producer_previous_id;
  header_.producer_previous_offset = place.producer_previous_offset;
  header_.common.crc = format::crc_of(header_);
  format::store(buffer_.bytes.get(), header_);
}

}  // namespace aludel
