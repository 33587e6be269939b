// SPDX-License-Identifier: MIT
// A processor in a child process, over a real log, killed without warning.
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "log/segment_log.hpp"
#include "processor/page.hpp"
#include "processor/projection.hpp"
#include "rig.hpp"
#include "support/fault_file_system.hpp"

namespace aludel {

namespace {

constexpr int events = 60;

/// A log on disk: every third event is of a type that nobody wants.
void make_log(const std::filesystem::path& dir) {
  auto log = SegmentLog::open({.dir = dir, .segment_size = 16'384, .allocate_ahead = false});
  REQUIRE(log);
  for (int id = 0; id < events; id += 5) {
    std::vector<NewEvent> block(5);
    for (int i = 0; i < 5; ++i)
      block[static_cast<std::size_t>(i)].type = (id + i) % 3 == 2 ? "other" : "wanted";
    REQUIRE((*log)->append({.events = block}));
  }
}

std::string wanted_ids() {
  std::string line;
  for (int id = 0; id < events; ++id) {
    if (id % 3 != 2) line += (line.empty() ? "" : " ") + std::to_string(id);
  }
  return line;
}

class SilentLog final : public HandlerLog {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, LogOrigin) override {}
};

/// Appends emitted events, with a step before and one after.
class SteppingAppender final : public Appender {
 public:
  SteppingAppender(EventLog& log, std::function<void()> step) : log_(log), step_(std::move(step)) {}
  Result<std::uint64_t> append(const AppendRequest& request, const Interrupt&) override {
    step_();
    const auto appended = log_.append(request);
    step_();
    if (!appended) return appended.error();
    return request.sequence + request.events.size();
  }

 private:
  EventLog& log_;
  std::function<void()> step_;
};

/// What a child does with events that fail; without a strategy one flush of several fails.
struct Life {
  std::optional<Strategy> strategy = std::nullopt;
  bool emits = false;
  bool replays = false;  ///< letters without an order, until none is due any more
  std::optional<std::uint64_t> dies_in = std::nullopt;  ///< the replay of this event's letter
  bool exits = false;  ///< in `handle` of some events, and in each flush of another
};

/// The child's life: works up to the tip. Kills itself at step number `dies_at`, 0: never. Writes a byte for
/// each step.
[[noreturn]] void work(const std::filesystem::path& root, int dies_at, int steps_out, const Life& life) {
  int steps = 0;
  const auto step = [&] {
    if (++steps == dies_at) ::raise(SIGKILL);
    if (::write(steps_out, ".", 1) != 1) ::_exit(2);
  };
  Script script;
  int delivered = 0;  // in the batch
  bool exits_in_flush = false;
  bool undoes = !life.strategy;
  const auto is_letter = [&](std::uint64_t id) {
    return Rig::number_in(root / "scripted",
                          "select count(*) from _aludel_letter where event_id = " + std::to_string(id)) > 0;
  };
  script.in_handle = [&](const Event& event) {
    step();
    if (event.id == life.dies_in && is_letter(event.id)) ::raise(SIGKILL);
    if (life.exits && (event.id == 13 || event.id == 15 || event.id == 30)) ::_exit(9);
    exits_in_flush = exits_in_flush || (life.exits && event.id == 34);
    ++delivered;
  };
  script.in_flush = [&](const auto&) {
    step();
    if (exits_in_flush) ::_exit(9);
    // One fault, so that undoing is killed as well; of several events, as one alone would be to blame for it
    // and stop the processor. On a busy machine a batch may be over with its first.
    if (delivered > 1 && std::exchange(undoes, false)) script.flush = {.outcome = Outcome::fail, .times = 1};
  };
  script.in_rolled_back = [&] {
    step();
    delivered = 0;
  };
  script.at_commit = [&](Database&) { step(); };
  script.committed = [&](Database&) {
    step();
    delivered = 0;
  };
  ErrorPolicy policy;
  script.emits = life.emits;
  ReplayPolicy replay;
  if (life.replays) {
    replay = {.strategy = ReplayStrategy::fixed,
              .initial_delay = std::chrono::milliseconds(1),
              .min_age = std::chrono::milliseconds(1),
              .check_interval = std::chrono::milliseconds(1)};
  }
  const auto is_done = [&] {
    return !life.replays ||
           Rig::number_in(root / "scripted", "select count(*) from _aludel_letter where state = 'dead'") == 0;
  };
  if (life.strategy) {
    policy.processor.strategy = life.strategy;
    policy.processor.retry = RetryPolicy{2, {std::chrono::milliseconds(1), std::chrono::milliseconds(2)}, {}};
    script.events[4] = {.outcome = Outcome::fail, .until = life.replays ? 2U : 1'000'000U};
    script.events[10] = {.outcome = Outcome::fail, .writes = false};
    script.events[21] = {.outcome = Outcome::retry, .until = 2};
    script.events[22] = {.outcome = Outcome::retry};
  }

  FaultFileSystem files;  // does not sync: a kill takes nothing from the page cache
  auto log = SegmentLog::open(
      {.dir = root / "log", .files = files, .segment_size = 16'384, .allocate_ahead = false});
  if (!log) ::_exit(3);
  SteppingAppender appender(**log, step);
  SilentLog silent;
  Interrupt stop;
  auto processor = Processor::open(
      {.name = "scripted",
       .directory = root / "scripted",
       .batch_size = 7,
       .error_policy = policy,
       .replay = replay},
      {
          .log = **log,
          .make_instance = [&](const Instance::Context& context) -> Result<std::unique_ptr<Instance>> {
            return std::unique_ptr<Instance>(std::make_unique<ScriptedInstance>(script, context));
          },
          .handler_log = silent,
          .on_state =
              [&](const ProcessorState& state) {
                if (state.activity == Activity::waiting && is_done()) stop.raise();
              },
          .clock = system_clock(),
          .appender = &appender,
      });
  if (!processor) ::_exit(4);
  const auto state = (*processor)->run(stop);
  ::_exit(state.activity == Activity::offline && state.next == (*log)->tip() ? 0 : 5);
}

/// A child, and the reading end of its steps.
struct Child {
  Child(const std::filesystem::path& root, int dies_at, const Life& life) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
      ::close(ends[0]);
      work(root, dies_at, ends[1], life);
    }
    ::close(ends[1]);
    steps = ends[0];
  }
  ~Child() { ::close(steps); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Reads up to `most` steps. @return how many there were
  int read_steps(int most) const {
    int count = 0;
    for (char byte = 0; count < most && ::read(steps, &byte, 1) == 1; ++count) {
    }
    return count;
  }
  [[nodiscard]] int wait() const {
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return status;
  }

  pid_t pid = 0;
  int steps = 0;
};

/// Gives each child the same log, and no projection.
class Ground {
 public:
  Ground() { make_log(temp_.path() / "made"); }

  void clear() const {
    std::filesystem::remove_all(root() / "log");
    std::filesystem::copy(root() / "made", root() / "log");
    std::filesystem::remove_all(directory());
    std::filesystem::create_directory(directory());
  }
  [[nodiscard]] const std::filesystem::path& root() const { return temp_.path(); }
  [[nodiscard]] std::filesystem::path directory() const { return root() / "scripted"; }

  /// The keys of the emitted events, in log order, and how many others there are.
  [[nodiscard]] std::string emitted() const {
    auto log = SegmentReader::open(os::real_file_system(), root() / "log");
    REQUIRE(log);
    auto cursor = (*log)->read_from(0);
    REQUIRE(cursor);
    std::string line;
    int others = 0;
    for (;;) {
      const auto block = (*cursor)->next();
      REQUIRE(block);
      if (*block == nullptr) break;
      Event event;
      for (auto walk = (*block)->events(0); walk.next(event);)
        event.type == "emitted" ? void(line.append(event.key).append(" ")) : void(++others);
    }
    return line + "and " + std::to_string(others);
  }

 private:
  const TempDir temp_;
};

void check_finished(const Ground& ground, bool emits) {
  CHECK(Rig::rows_in(ground.directory()) == wanted_ids());
  CHECK(ground.emitted() == (emits ? wanted_ids() + " " : "") + "and " + std::to_string(events));
  const auto state = read_state(ground.directory());
  REQUIRE(state);
  CHECK(state->emits_pending == 0);
  CHECK(state->handled == events / 3 * 2);
  CHECK_FALSE(state->error);
}

}  // namespace

TEST_CASE("a processor that is killed at any step goes on as if nothing had happened") {
  const Ground ground;
  for (const bool emits : {false, true}) {
    CAPTURE(emits);
    int killed = 0;
    for (int dies_at = 1;; ++dies_at) {
      CAPTURE(dies_at);
      ground.clear();
      const int status = Child(ground.root(), dies_at, {.emits = emits}).wait();
      if (WIFEXITED(status)) {
        CHECK(WEXITSTATUS(status) == 0);
        break;
      }
      REQUIRE(WTERMSIG(status) == SIGKILL);
      ++killed;
      CHECK(Child(ground.root(), 0, {.emits = emits}).wait() == 0);
      check_finished(ground, emits);
    }
    CHECK(killed > events);
  }
}

TEST_CASE("a kill at any step changes nothing of what becomes of failed events") {
  const Ground ground;
  const auto directory = ground.directory();
  // All that is durable, but for the moments.
  const auto outcome = [&] {
    return Rig::rows_in(directory) + "; " +
           Rig::text_in(directory,
                        "select next || ' ' || handled || ' ' || skipped || ' ' || dead_letters "
                        "from _aludel_cursor") +
           "; " +
           Rig::text_in(directory,
                        "select ifnull(group_concat(event_id || ' ' || outcome || ' ' || attempts || ' ' || "
                        "state, ', '), '') from (select * from _aludel_letter order by event_id)") +
           "; " + Rig::text_in(directory, "select count(*) from _aludel_standstill") + "; " +
           ground.emitted();
  };
  for (const auto strategy : {Strategy::log_and_skip, Strategy::dead_letter, Strategy::retry}) {
    const std::string name(to_string(strategy));
    CAPTURE(name);
    const Life life{strategy, true};
    ground.clear();
    CHECK(Child(ground.root(), 0, life).wait() == 0);
    const auto undisturbed = outcome();
    int killed = 0;
    for (int dies_at = 1;; ++dies_at) {
      CAPTURE(dies_at);
      ground.clear();
      const int status = Child(ground.root(), dies_at, life).wait();
      if (WIFEXITED(status)) break;
      ++killed;
      CHECK(Child(ground.root(), 0, life).wait() == 0);
      CHECK(outcome() == undisturbed);
    }
    CHECK(killed > events);
  }
}

TEST_CASE("a kill at any step changes nothing of what becomes of events that the process dies at") {
  const Ground ground;
  const auto directory = ground.directory();
  const Life life{.strategy = Strategy::dead_letter, .emits = true, .exits = true};
  // As its host does it. @return how many steps there were
  const auto run = [&](int dies_at) {
    const Child child(ground.root(), dies_at, life);
    const int steps = child.read_steps(1'000'000);
    const int status = child.wait();
    const auto end =
        WIFSIGNALED(status)
            ? ProcessEnd{ProcessEnd::Kind::signalled, static_cast<std::uint32_t>(WTERMSIG(status))}
            : ProcessEnd{ProcessEnd::Kind::exited, static_cast<std::uint32_t>(WEXITSTATUS(status))};
    InFlightPage::note_end(directory / "page", static_cast<std::uint64_t>(child.pid), end);
    return std::pair(steps, WIFEXITED(status) && WEXITSTATUS(status) == 0);
  };
  // Lives up to the end, the first or the second of which is killed. @return whether it was
  const auto live = [&](int killed_life, int dies_at) {
    ground.clear();
    bool killed = false;
    for (int number = 0; number < 20; ++number) {
      const auto [steps, done] = run(number == killed_life ? dies_at : 0);
      if (number == killed_life) killed = steps == dies_at - 1;
      if (done) return killed;
    }
    FAIL("it does not come to its end");
    return false;
  };
  const auto outcome = [&] {
    return Rig::rows_in(directory) + "; " +
           Rig::text_in(directory,
                        "select next || ' ' || handled || ' ' || dead_letters from _aludel_cursor") +
           "; " +
           Rig::text_in(
               directory,
               "select group_concat(event_id || ' ' || stage || ' ' || code || ' ' || attempts, ', ') "
               "from (select * from _aludel_letter order by event_id)") +
           "; " + Rig::text_in(directory, "select count(*) from _aludel_standstill") + "; " +
           ground.emitted();
  };
  live(-1, 0);
  const auto undisturbed = outcome();
  CHECK(undisturbed.find("13 handle crashed 1, 15 handle crashed 1") != std::string::npos);
  CHECK(undisturbed.find("30 handle crashed 1, 34 flush crashed 1") != std::string::npos);
  for (const int killed_life : {0, 1}) {
    CAPTURE(killed_life);
    int killed = 0;
    for (int dies_at = 1;; ++dies_at) {
      CAPTURE(dies_at);
      const bool was_killed = live(killed_life, dies_at);
      CHECK(outcome() == undisturbed);
      if (!was_killed) break;
      ++killed;
    }
    CHECK(killed > 10);
  }
}

TEST_CASE("a kill at any step of a replay without an order changes nothing of what becomes of letters") {
  const Ground ground;
  const auto directory = ground.directory();
  const auto run = [&](int dies_at, const Life& life) {
    ground.clear();
    const Child child(ground.root(), dies_at, life);
    const int steps = child.read_steps(1'000'000);
    return std::pair(steps, child.wait());
  };
  const auto outcome = [&] {
    return Rig::text_in(directory,
                        "select group_concat(event_id || ' ' || state || ' ' || attempts || '/' || retries, "
                        "', ') from (select * from _aludel_letter order by event_id)");
  };
  const Life life{Strategy::dead_letter, false, true};
  const int before = run(0, {Strategy::dead_letter}).first;
  run(0, life);
  const auto undisturbed = outcome();
  CHECK(undisturbed == "4 replayed 2/1, 10 permanent 6/5, 21 replayed 2/1, 22 permanent 6/5");
  int killed = 0;
  for (int dies_at = before + 1;; ++dies_at) {
    CAPTURE(dies_at);
    const int status = run(dies_at, life).second;
    if (WIFSIGNALED(status)) ++killed;
    if (WIFSIGNALED(status)) CHECK(Child(ground.root(), 0, life).wait() == 0);
    CHECK(outcome() == undisturbed);
    CHECK(Rig::rows_in(directory).find(" 4 6 ") != std::string::npos);
    CHECK(Rig::number_in(directory, "select handled * 1000 + dead_letters from _aludel_cursor") == 38'002);
    if (!WIFSIGNALED(status)) break;
  }
  CHECK(killed > 20);
}

TEST_CASE("a kill in a letter's replay is no failure of it, but the third in a row is, and a fault at once") {
  const Ground ground;
  ground.clear();
  const auto page = ground.directory() / "page";
  const auto attempts_after = [&](const std::optional<ProcessEnd>& end) {
    const Child child(ground.root(), 0, {Strategy::dead_letter, false, true, 4});
    const int status = child.wait();
    CHECK(WIFSIGNALED(status));
    if (end) InFlightPage::note_end(page, static_cast<std::uint64_t>(child.pid), *end);
    return Rig::number_in(ground.directory(), "select attempts from _aludel_letter where event_id = 4");
  };
  CHECK(attempts_after({}) == 1);
  CHECK(attempts_after({{ProcessEnd::Kind::signalled, SIGKILL}}) == 1);
  CHECK(attempts_after({}) == 1);
  // Each tells what the next process makes of it.
  CHECK(attempts_after({{ProcessEnd::Kind::signalled, SIGSEGV}}) == 2);
  CHECK(attempts_after({}) == 3);
  CHECK(Rig::text_in(ground.directory(), "select message from _aludel_letter where event_id = 4") ==
        "killed by signal 11 (Segmentation fault) in handle");
}

TEST_CASE("a processor that is killed at random, again and again, gets to the same end") {
  const Ground ground;
  ground.clear();
  std::mt19937 random(20);  // NOLINT: the same kills in each run, as far as the scheduler allows
  for (int round = 0; round < 10; ++round) {
    const Child child(ground.root(), 0, {.emits = true});
    child.read_steps(static_cast<int>(random() % 12));
    ::kill(child.pid, SIGKILL);
    const int status = child.wait();
    CHECK((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
  }
  CHECK(Child(ground.root(), 0, {.emits = true}).wait() == 0);
  check_finished(ground, true);
}

}  // namespace aludel
