// SPDX-License-Identifier: MIT
#include "rig.hpp"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

#include "processor/command.hpp"
#include "processor/projection.hpp"

namespace aludel {

Rig::Rig() {
  options.name = "scripted";
  options.directory = temp.path() / "scripted";
  std::filesystem::create_directory(options.directory);
  make_instance = [this](const Instance::Context& context) -> Result<std::unique_ptr<Instance>> {
    return std::unique_ptr<Instance>(std::make_unique<ScriptedInstance>(script, context));
  };
  emitted.on_append = [this] { script.journal.emplace_back("r"); };
  log.on_wait = [this](const FakeLog::Wait& wait) -> Result<void> {
    if (!steps.empty()) {
      const auto step = std::move(steps.front());
      steps.pop_front();
      step(wait);
    } else if (wait.timeout) {
      clock.advance(*wait.timeout);
    } else {
      stop.raise();
    }
    return {};
  };
}

Result<std::unique_ptr<Processor>> Rig::open() {
  return Processor::open(options,
                         {
                             .log = log,
                             .make_instance = make_instance,
                             .handler_log = *this,
                             .on_state = [this](const ProcessorState& state) { told.push_back(state); },
                             .clock = clock,
                             .appender = appender,
                         });
}

ProcessorState Rig::run() {
  script.journal.clear();
  told.clear();
  stop.reset();
  auto processor = open();
  REQUIRE(processor);
  auto state = (*processor)->run(stop);
  REQUIRE(!told.empty());
  CHECK(told.back().activity == state.activity);
  CHECK(steps.empty());
  return state;
}

void Rig::died_in(std::uint64_t event_id, std::uint32_t attempt, const ProcessEnd& end, std::uint32_t before,
                  Stage stage) const {
  const auto file = directory() / "page";
  const auto page = InFlightPage::create(
      file, before == 0
                ? std::nullopt
                : std::optional(Death{event_id, attempt, static_cast<std::uint32_t>(stage), {}, before}));
  REQUIRE(page);
  (*page)->enter(static_cast<std::uint32_t>(stage), event_id, attempt);
  InFlightPage::note_end(file, static_cast<std::uint64_t>(::getpid()), end);
}

void Rig::command(const std::filesystem::path& directory, const Command& command) {
  auto queue = CommandQueue::open(directory);
  REQUIRE(queue);
  REQUIRE((*queue)->post(command, 0));
}

ProcessorState Rig::durable() const {
  auto state = read_state(directory());
  REQUIRE(state);
  return *state;
}

std::string Rig::rows_in(const std::filesystem::path& directory) {
  auto database = Database::open(projection_link(directory), Database::Mode::read_only);
  REQUIRE(database);
  auto select = (*database)->prepare("select id from rows order by id");
  REQUIRE(select);
  std::string line;
  for (;;) {
    const auto row = select->step();
    REQUIRE(row);
    if (!*row) return line;
    line += (line.empty() ? "" : " ") + std::to_string(select->integer(0));
  }
}

std::int64_t Rig::number_in(const std::filesystem::path& directory, const std::string& sql) {
  auto database = Database::open(projection_link(directory), Database::Mode::read_only);
  REQUIRE(database);
  auto select = (*database)->prepare(sql);
  REQUIRE(select);
  auto row = select->step();
  REQUIRE(row);
  REQUIRE(*row);
  return select->integer(0);
}

std::string Rig::text_in(const std::filesystem::path& directory, const std::string& sql) {
  auto database = Database::open(projection_link(directory), Database::Mode::read_only);
  REQUIRE(database);
  auto select = (*database)->prepare(sql);
  REQUIRE(select);
  auto row = select->step();
  REQUIRE(row);
  REQUIRE(*row);
  return std::string(select->text(0));
}

std::string Rig::all_but(std::uint64_t last, const std::vector<std::uint64_t>& missing) {
  std::string line;
  for (std::uint64_t id = 0; id <= last; ++id) {
    if (std::find(missing.begin(), missing.end(), id) != missing.end()) continue;
    line += (line.empty() ? "" : " ") + std::to_string(id);
  }
  return line;
}

std::string upto(std::int64_t last) {
  std::string line;
  for (std::int64_t id = 0; id <= last; ++id)
    line += (id == 0 ? "" : " ") + std::to_string(id);
  return line;
}

}  // namespace aludel
