// SPDX-License-Identifier: MIT
#include "log/footer.hpp"

#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "log/segment.hpp"

namespace aludel {

namespace {

template <typename T>
void put(std::string& bytes, const T& value) {
  bytes += format::bytes_of(value);
}

void put_name(std::string& bytes, std::string_view name) {
  put(bytes, static_cast<std::uint32_t>(name.size()));
  bytes += name;
  bytes += '\0';
}

std::string encode_body(const SparseIndex& index, const Catalog& catalog) {
  std::string body;
  for (const auto& entry : index.entries()) {
    put(body, entry.id);
    put(body, entry.offset);
  }
  for (const auto& [name, count] : catalog.types) {
    put(body, count);
    put_name(body, name);
  }
  for (const auto& [name, end] : catalog.producers) {
    put(body, end.next_sequence);
    put(body, end.last_id);
    put(body, end.last_offset);
    put_name(body, name);
  }
  return body;
}

// Takes values off a body, zeros behind its end: a checksum does not guard against a faulty writer.
class Taker {
 public:
  explicit Taker(std::string_view rest) : rest_(rest) {}

  template <typename T>
  T take() {
    const auto bytes = take_bytes(sizeof(T));
    return ran_over_ ? T{} : format::load<T>(bytes.data());
  }
  std::string take_name() {
    const auto name = take_bytes(take<std::uint32_t>());
    take_bytes(1);
    return std::string(name);
  }

  [[nodiscard]] bool ran_over() const { return ran_over_; }

 private:
  std::string_view take_bytes(std::size_t size) {
    ran_over_ = ran_over_ || size > rest_.size();
    if (ran_over_) return {};
    const auto bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
  bool ran_over_ = false;
};

// Nothing, if the counts promise more than there is.
std::optional<Footer> decode(const format::FooterHeader& header, std::uint64_t offset,
                             std::string_view body) {
  Taker taker(body);
  std::vector<SparseIndex::Entry> entries;
  for (std::uint32_t i = 0; i < header.index_count && !taker.ran_over(); ++i) {
    const auto id = taker.take<std::uint64_t>();
    entries.push_back({id, taker.take<std::uint64_t>()});
  }
  Catalog catalog;
  for (std::uint32_t i = 0; i < header.type_count && !taker.ran_over(); ++i) {
    const auto count = taker.take<std::uint64_t>();
    catalog.types.emplace_hint(catalog.types.end(), taker.take_name(), count);
  }
  for (std::uint32_t i = 0; i < header.producer_count && !taker.ran_over(); ++i) {
    ProducerEnd end;
    end.next_sequence = taker.take<std::uint64_t>();
    end.last_id = taker.take<std::uint64_t>();
    end.last_offset = taker.take<std::uint32_t>();
    catalog.producers.emplace_hint(catalog.producers.end(), taker.take_name(), end);
  }
  if (taker.ran_over()) return std::nullopt;
  return Footer{header, offset, SparseIndex(std::move(entries)), std::move(catalog)};
}

}  // namespace

std::string encode_footer(const FooterFacts& facts, std::uint64_t offset, const SparseIndex& index,
                          const Catalog& catalog) {
  const auto body = encode_body(index, catalog);
  format::FooterHeader header{};
  header.common = {format::footer_magic, 0, format::version, facts.previous_crc, facts.log_id, facts.first_id,
                   facts.time_ns};
  header.end_id = facts.end_id;
  header.body_size = static_cast<std::uint32_t>(body.size());
  header.body_crc = crc32c(body);
  header.index_count = static_cast<std::uint32_t>(index.entries().size());
  header.type_count = static_cast<std::uint32_t>(catalog.types.size());
  header.producer_count = static_cast<std::uint32_t>(catalog.producers.size());
  header.common.crc = format::crc_of(header);
  format::Trailer trailer{format::Trailer::magic_bytes, offset, header.common.crc, 0};
  trailer.crc = format::crc_of(trailer);
  std::string bytes(format::bytes_of(header));
  bytes += body;
  bytes += format::bytes_of(trailer);
  return bytes;
}

std::size_t footer_size(const format::FooterHeader& header) {
  return sizeof header + header.body_size + sizeof(format::Trailer);
}

Result<Footer> read_footer_at(FileWindow& window, const std::filesystem::path& path, std::uint64_t offset) {
  auto bytes = window.at(offset, sizeof(format::FooterHeader));
  if (!bytes) return bytes.error();
  if (bytes->size() < sizeof(format::FooterHeader))
    return corrupt(path, offset, "the file ends inside the footer");
  const auto header = format::load<format::FooterHeader>(bytes->data());
  if (header.common.magic != format::footer_magic) return corrupt(path, offset, "no footer stands there");
  if (header.common.crc != format::crc_of(header))
    return corrupt(path, offset, "the footer header's checksum is wrong");
  if (header.common.version != format::version) return unknown_version(path, header.common.version);
  if (header.body_size > limits::block_max || header.end_id > limits::log_events_max)
    return corrupt(path, offset, "the footer's header is impossible");
  bytes = window.at(offset, footer_size(header));
  if (!bytes) return bytes.error();
  if (bytes->size() < footer_size(header)) return corrupt(path, offset, "the file ends inside the footer");
  const auto body = bytes->substr(sizeof header, header.body_size);
  if (crc32c(body) != header.body_crc) return corrupt(path, offset, "the footer's checksum is wrong");
  const auto trailer = format::load<format::Trailer>(body.data() + body.size());
  if (trailer.crc != format::crc_of(trailer) || trailer.magic != format::Trailer::magic_bytes ||
      trailer.footer_offset != offset || trailer.footer_crc != header.common.crc) {
    return corrupt(path, offset + sizeof header + body.size(), "the trailer is damaged");
  }
  auto footer = decode(header, offset, body);
  if (!footer) return corrupt(path, offset, "the footer's tables are malformed");
  return std::move(*footer);
}

Result<std::optional<Footer>> find_footer(os::File& file, const std::filesystem::path& path) {
  const auto size = file.size();
  if (!size) return size.error();
  if (*size < sizeof(format::SegmentHeader) + sizeof(format::FooterHeader) + sizeof(format::Trailer)) {
    return std::nullopt;
  }
  FileWindow window(file);
  const auto end = window.at(*size - sizeof(format::Trailer), sizeof(format::Trailer));
  if (!end) return end.error();
  if (end->size() < sizeof(format::Trailer)) return std::nullopt;
  const auto trailer = format::load<format::Trailer>(end->data());
  if (trailer.magic != format::Trailer::magic_bytes || trailer.crc != format::crc_of(trailer) ||
      trailer.footer_offset > *size) {
    return std::nullopt;
  }
  auto footer = read_footer_at(window, path, trailer.footer_offset);
  if (footer) return std::optional<Footer>(std::move(*footer));
  if (footer.error().code == ErrorCode::corrupt) return std::nullopt;
  return footer.error();
}

}  // namespace aludel
