// SPDX-License-Identifier: MIT
#include "runtime/projection_moment.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/os/file.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"
#include "runtime/relay_gate.hpp"

namespace aludel {

Result<ProjectionMoment> ProjectionMoment::take(const DataDirectory& data,
                                                const std::vector<std::string>& names, EventReader& log) {
  ProjectionMoment moment;
  for (const auto& name : names) {
    if (auto opened = moment.open(name, data.processor(name)); !opened)
      return opened.error().within("processor " + name);
  }
  for (int attempt = 0; attempt < limits::moment_attempts_max; ++attempt) {
    const auto settled = moment.settle(log);
    if (!settled) return settled.error();
    if (*settled) return moment;
  }
  return Error(ErrorCode::stopped,
               "find a moment of " + data.processors().string() +
                   ": its processors emit and handle each other's events too fast: pause one, or try again");
}

Database* ProjectionMoment::projection(const std::string& processor) const {
  const auto part = parts_.find(processor);
  return part == parts_.end() ? nullptr : part->second.database.get();
}

Result<void> ProjectionMoment::open(const std::string& processor, const std::filesystem::path& directory) {
  const auto found = find_projection(directory);
  if (!found) return found.error();
  if (!*found) return {};
  auto database = Database::open(**found, Database::Mode::read_only);
  if (database) {
    parts_[processor].database = std::move(*database);
    return {};
  }
  const auto still_there = os::is_there(directory);
  if (!still_there) return still_there.error();
  return *still_there ? database.error() : Result<void>();
}

// What the log has before the projections are looked at, they have emitted by then. One whose cursor is
// beyond all of the log has diverged, which is not told here.
Result<bool> ProjectionMoment::settle(EventReader& log) {
  const auto before = log.tip();
  emitted_.clear();
  for (auto& [name, part] : parts_) {
    if (auto looked = look_at(name, part); !looked) return looked.error().within("processor " + name);
  }
  const auto tip = log.tip();
  log_end_ = tip;
  const auto cursor = log.read_from(before, Check::directory);
  if (!cursor && cursor.error().code == ErrorCode::not_found) return false;  // it was dropped meanwhile
  if (!cursor) return cursor.error();
  for (auto end = before; end < tip;) {
    const auto block = (*cursor)->next();
    if (!block && block.error().code == ErrorCode::not_found) return false;
    if (!block) return block.error();
    if (has_emitted_since(**block)) {
      log_end_ = end;
      break;
    }
    end = (*block)->end_id();
    if (auto read = (*cursor)->check_read(); !read) return read.error();
    (*cursor)->release();
  }
  return log_end_ == tip || std::all_of(parts_.begin(), parts_.end(),
                                        [&](const auto& part) { return part.second.next <= log_end_; });
}

Result<void> ProjectionMoment::look_at(const std::string& processor, Part& part) {
  auto& database = *part.database;
  if (database.in_transaction()) {
    if (auto ended = database.execute("rollback"); !ended) return ended;
  }
  if (auto begun = database.execute("begin"); !begun) return begun;
  auto tables = HostTables::open(database);
  if (!tables) return tables.error();
  const auto cursor = tables->cursor();
  if (!cursor) return cursor.error();
  const auto identity = tables->identity();
  if (!identity) return identity.error();
  const auto emitted = tables->emitted();
  if (!emitted) return emitted.error();
  part.next = cursor->position.next;
  emitted_[emitting_producer(processor, identity->producer_id)] = *emitted;
  emitted_[emitting_producer_before(identity->producer_id)] = *emitted;
  return {};
}

bool ProjectionMoment::has_emitted_since(const Block& block) const {
  const auto its = emitted_.find(block.producer());
  return its != emitted_.end() && block.producer_sequence() + block.count() > its->second;
}

}  // namespace aludel
