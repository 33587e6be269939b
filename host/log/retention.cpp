// SPDX-License-Identifier: MIT
#include "log/retention.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "base/time.hpp"
#include "log/footer.hpp"
#include "log/kept_segments.hpp"
#include "log/segment.hpp"

namespace aludel {

namespace {

constexpr std::size_t always_kept = 2;  // segments

// Of all but the last one.
Result<std::vector<std::uint64_t>> sizes_of(os::FileSystem& files, const std::filesystem::path& dir,
                                            std::vector<std::uint64_t> first_ids) {
  std::vector<std::uint64_t> sizes;
  first_ids.pop_back();
  for (const auto first_id : first_ids) {
    const auto file = files.status(dir / segment_name(first_id));
    if (!file) return file.error();
    sizes.push_back(file->size);
  }
  return sizes;
}

Result<std::int64_t> last_time_ns(os::FileSystem& files, const std::filesystem::path& path) {
  const auto file = files.open(path, os::OpenMode::read);
  if (!file) return file.error();
  const auto footer = find_footer(**file, path);
  if (!footer) return footer.error();
  if (!footer->has_value()) return corrupt(path, 0, "a segment follows, but this one has no intact footer");
  return (*footer)->header.common.time_ns;
}

// Of a segment that is kept for more than twice as long as it should be.
Error far_ahead(const std::filesystem::path& path, std::int64_t time_ns) {
  return {
      ErrorCode::invalid,
      fmt::format("read {}: its last append is of {}, which is still to come, as the clock was ahead once "
                  "or is behind now: the times of appends never go back, so max_age keeps it until then, "
                  "and what was appended since: only max_bytes drops them sooner",
                  path.string(), format_time(time_ns))};
}

// Whether it was appended to last before all that `max_age` keeps.
Result<bool> is_old(os::FileSystem& files, const std::filesystem::path& path,
                    std::chrono::nanoseconds max_age, std::int64_t now_ns) {
  const auto time_ns = last_time_ns(files, path);
  if (!time_ns) return time_ns.error();
  if (*time_ns - now_ns > max_age.count()) return far_ahead(path, *time_ns);
  return now_ns - *time_ns >= max_age.count();
}

}  // namespace

std::uint64_t Expendables::keep_from(std::uint64_t held_from) const {
  auto from = first;
  for (const auto& segment : segments) {
    if (!segment.by_size && segment.end_id > held_from) break;
    from = segment.end_id;
  }
  return from;
}

Result<Expendables> expendable_segments(os::FileSystem& files, const std::filesystem::path& dir,
                                        const RetentionPolicy& policy, std::uint64_t last_bytes,
                                        std::int64_t now_ns) {
  const auto kept = kept_segments(files, dir);
  if (!kept) return kept.error();
  if (auto ok = require_first_segment(files, dir, *kept); !ok) return ok.error();
  const auto& first_ids = kept->first_ids;
  std::uint64_t excess = 0;
  std::vector<std::uint64_t> sizes;
  if (policy.max_bytes) {
    auto found = sizes_of(files, dir, first_ids);
    if (!found) return found.error();
    sizes = std::move(*found);
    auto all = last_bytes;
    for (const auto size : sizes)
      all += size;
    excess = all - std::min(all, *policy.max_bytes);
  }
  Expendables expendables{kept->first(), {}, {}};
  for (std::size_t i = 0; i + always_kept < first_ids.size(); ++i) {
    const bool by_size = excess > 0;
    if (by_size) {
      excess -= std::min(excess, sizes[i]);
    } else {
      if (!policy.max_age) break;
      const auto old = is_old(files, dir / segment_name(first_ids[i]), *policy.max_age, now_ns);
      if (!old) expendables.ageless = old.error();
      if (!old || !*old) break;
    }
    expendables.segments.push_back({first_ids[i + 1], by_size});
  }
  return expendables;
}

}  // namespace aludel
