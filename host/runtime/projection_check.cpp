// SPDX-License-Identifier: MIT
#include "runtime/projection_check.hpp"

#include <algorithm>
#include <utility>

#include "base/sqlite.hpp"
#include "processor/consistency.hpp"
#include "processor/host_tables.hpp"
#include "processor/projection.hpp"
#include "runtime/relay_gate.hpp"

namespace aludel {

namespace {

// How many events of the processor's the log has.
std::uint64_t emitted_in(const ProducerEnds& producers, std::string_view processor, const Uuid& id) {
  std::uint64_t events = 0;
  for (const auto& key : {emitting_producer(processor, id), emitting_producer_before(id)}) {
    const auto producer = producers.find(key);
    if (producer != producers.end()) events = std::max(events, producer->second.next_sequence);
  }
  return events;
}

Result<std::optional<std::string>> find_divergence(Database& database, std::string_view processor,
                                                   EventReader& log, const ProducerEnds& producers) {
  auto tables = HostTables::open(database);
  if (!tables) return tables.error();
  const auto identity = tables->identity();
  if (!identity) return identity.error();
  const auto cursor = tables->cursor();
  if (!cursor) return cursor.error();
  const auto found = [](std::string what) { return std::optional(std::move(what)); };
  if (identity->log_id != log.log_id())
    return found("it belongs to the log " + identity->log_id.to_string() + ", not to this one");
  const auto emitted = tables->emitted();
  if (!emitted) return emitted.error();
  const auto in_log = emitted_in(producers, processor, identity->producer_id);
  if (in_log > *emitted) {
    return found("the log has " + std::to_string(in_log) + " events that it has emitted, but it knows of " +
                 std::to_string(*emitted));
  }
  const auto& position = cursor->position;
  if (position.next == 0) return std::optional<std::string>();
  const auto last = std::to_string(position.next - 1);
  if (position.next > log.tip()) return found("its cursor " + last + " lies beyond the log's last event");
  const auto fingerprint = log.block_fingerprint(position.next - 1);
  // That was dropped: it is expired, but not damaged.
  if (!fingerprint && fingerprint.error().code == ErrorCode::not_found) return std::optional<std::string>();
  if (!fingerprint) return fingerprint.error();
  if (*fingerprint == position.fingerprint) return std::optional<std::string>();
  return found("it was made from another history of the log than event " + last + " has now");
}

}  // namespace

// In one transaction, as the owner may be at work.
Result<ProjectionFaults> check_projection(const std::filesystem::path& directory, EventReader& log,
                                          const ProducerEnds& producers) {
  const auto projection = find_projection(directory);
  if (!projection) return projection.error();
  if (!*projection) {
    return Error(ErrorCode::not_found,
                 "check the projection in " + directory.string() + ": there is none yet");
  }
  auto database = Database::open(**projection, Database::Mode::read_only);
  if (!database) return database.error();
  if (auto begun = (*database)->execute("begin"); !begun) return begun.error();
  auto damage = database_faults(**database);
  if (damage && damage->empty()) damage = host_table_faults(**database);
  if (!damage) return damage.error();
  ProjectionFaults faults{std::move(*damage), {}};
  if (!faults.damage.empty()) return faults;
  auto divergence = find_divergence(**database, directory.filename().string(), log, producers);
  if (!divergence) return divergence.error();
  faults.divergence = std::move(*divergence);
  return faults;
}

}  // namespace aludel
