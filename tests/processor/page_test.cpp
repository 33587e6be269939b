// SPDX-License-Identifier: MIT
#include "processor/page.hpp"

#include <chrono>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <unistd.h>

#include <doctest/doctest.h>

#include "rig.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

constexpr auto handle = static_cast<std::uint32_t>(Stage::handle);

std::unique_ptr<InFlightPage> create(const std::filesystem::path& file) {
  auto page = InFlightPage::create(file);
  REQUIRE(page);
  return std::move(*page);
}

std::optional<InFlightPage::Call> view(const std::filesystem::path& file) {
  auto page = InFlightPage::view(file);
  REQUIRE(page);
  return (*page)->read();
}

void flip(const std::filesystem::path& file, std::streamoff offset) {
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(offset);
  const auto byte = static_cast<char>(bytes.get() ^ 0x10);
  bytes.seekp(offset);
  bytes.put(byte);
}

}  // namespace

TEST_CASE("a page that is kept goes on showing what its writer does, and gets back the name it has lost") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  std::ofstream(temp.path() / "other") << "other";
  const auto kept = InFlightPage::keep(file);
  REQUIRE(kept);
  const auto page = create(file);
  CHECK_FALSE((*kept)->put_back().value());
  std::filesystem::remove(file);
  std::filesystem::create_symlink("other", file);
  page->enter(handle, 42, 3);
  REQUIRE((*kept)->read());
  CHECK((*kept)->read()->event_id == 42);
  CHECK((*kept)->put_back().value());
  CHECK_FALSE(std::filesystem::is_symlink(file));
  REQUIRE(view(file));
  CHECK(view(file)->event_id == 42);
  CHECK(std::filesystem::file_size(temp.path() / "other") == 5);
}

TEST_CASE("a page shows the call in flight to another process, and that it has returned") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  const auto page = create(file);
  REQUIRE(view(file));
  CHECK(view(file)->stage == 0);
  page->enter(handle, 42, 3);
  auto seen = view(file);
  REQUIRE(seen);
  CHECK(seen->event_id == 42);
  CHECK(seen->attempt == 3);
  CHECK(seen->stage == handle);
  CHECK(seen->writer == static_cast<std::uint64_t>(::getpid()));
  const auto sequence = seen->sequence;
  page->leave();
  seen = view(file);
  REQUIRE(seen);
  CHECK(seen->stage == 0);
  CHECK(seen->sequence == sequence);
  page->enter(handle, 42, 3);
  CHECK(view(file)->sequence == sequence + 1);
}

TEST_CASE("a page carries any event, attempt and stage") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  const auto page = create(file);
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  constexpr auto most32 = std::numeric_limits<std::uint32_t>::max();
  for (const std::uint64_t event_id : {std::uint64_t{0}, std::uint64_t{1}, most}) {
    for (const std::uint32_t attempt : {0U, 1U, most32}) {
      for (const std::uint32_t stage : {1U, 9U, most32}) {
        page->enter(stage, event_id, attempt);
        const auto seen = view(file);
        REQUIRE(seen);
        CHECK(seen->event_id == event_id);
        CHECK(seen->attempt == attempt);
        CHECK(seen->stage == stage);
      }
    }
  }
}

TEST_CASE("a page outlives its writer, until the next one clears it") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  create(file)->enter(handle, 7, 1);
  REQUIRE(view(file));
  CHECK(view(file)->event_id == 7);
  const auto page = create(file);
  REQUIRE(view(file));
  CHECK(view(file)->stage == 0);
}

TEST_CASE("a page keeps from writer to writer when letters were replayed last, and nothing of another boot") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  CHECK_FALSE(create(file)->last_round());
  const InFlightPage::Time at(std::chrono::seconds(77));
  create(file)->note_round(at);
  CHECK(create(file)->last_round() == at);
  flip(file, 8);
  CHECK_FALSE(create(file)->last_round());
}

TEST_CASE("a page of which any byte is not as written reads as nothing") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  create(file)->enter(handle, 7, 1);
  // Magic and boot id; then event, call, sequence and checksum. What lies between is reserved.
  for (const auto& [begin, end] : {std::pair{0, 24}, {64, 96}}) {
    for (int offset = begin; offset < end; ++offset) {
      CAPTURE(offset);
      flip(file, offset);
      CHECK_FALSE(view(file));
      flip(file, offset);
      CHECK(view(file));
    }
  }
}

TEST_CASE("a page that is not there, or too short, reads as nothing, until it is made") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  const auto early = InFlightPage::view(file);
  REQUIRE(early);
  CHECK_FALSE((*early)->read());
  { std::ofstream(file) << "short"; }
  CHECK_FALSE((*early)->read());
  create(file)->enter(handle, 7, 1);
  REQUIRE((*early)->read());
  CHECK((*early)->read()->event_id == 7);
}

TEST_CASE("a processor shows on its page each call of the handler, and nothing between calls") {
  Rig rig;
  rig.log.append("wanted", 5, 5);
  rig.script.events[3] = {.outcome = Outcome::fail};
  const auto file = rig.directory() / "page";
  const auto in_flight = [&] { return view(file).value_or(InFlightPage::Call{}); };
  rig.script.in_handle = [&](const Event& event) {
    CHECK(in_flight().stage == handle);
    CHECK(in_flight().event_id == event.id);
    CHECK(in_flight().attempt == 1);
  };
  rig.script.in_flush = [&](const auto&) {
    CHECK(in_flight().stage == static_cast<std::uint32_t>(Stage::flush));
    // One of several: no event is to blame if this crashes. The last tells which those are.
    CHECK(in_flight().event_id == 2);
    CHECK(in_flight().attempt == 0);
  };
  rig.script.at_commit = [&](Database&) { CHECK(in_flight().stage == 0); };
  rig.run();
  CHECK(rig.durable().next == 3);
  CHECK(in_flight().stage == 0);
}

TEST_CASE("a call for one event alone is shown with its attempt, of several it is shown which they may be") {
  Rig rig;
  rig.log.append("wanted", 5, 5);
  rig.options.error_policy.processor.strategy = Strategy::log_and_skip;
  std::string seen;
  const auto note = [&] {
    const auto call = view(rig.directory() / "page").value_or(InFlightPage::Call{});
    seen += std::string(to_string(static_cast<Stage>(call.stage))) + " " + std::to_string(call.event_id) +
            "/" + std::to_string(call.attempt) + ", ";
  };
  rig.script.in_flush = [&](const auto&) { note(); };
  rig.script.in_rolled_back = note;
  SUBCASE("an event that left nothing") {
    rig.script.events[3] = {.outcome = Outcome::fail, .writes = false};
    rig.run();
    CHECK(seen == "rolled_back 3/0, flush 4/0, ");  // what is died of may be what one before it did
  }
  SUBCASE("a batch of which nobody knows who is at fault") {
    rig.script.flush = {.outcome = Outcome::fail, .times = 2};
    rig.run();
    CHECK(seen ==
          "flush 4/0, rolled_back 4/0, flush 0/1, rolled_back 0/1, flush 1/1, flush 2/1, flush 3/1, flush "
          "4/1, ");
  }
}

TEST_CASE(
    "a page in another format is not believed, and is one of this format once it is opened for writing") {
  const TempDir temp;
  const auto file = temp.path() / "page";
  {
    const auto page = create(file);
    page->enter(handle, 42, 3);
    REQUIRE(view(file));
  }
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << "LUDELPG9";
  CHECK_FALSE(view(file));
  InFlightPage::note_end(file, static_cast<std::uint64_t>(::getpid()), {ProcessEnd::Kind::exited, 1});
  const auto page = create(file);
  REQUIRE(view(file));
  CHECK(view(file)->stage == 0);
  CHECK_FALSE(page->death());
  page->enter(handle, 43, 1);
  CHECK(view(file)->event_id == 43);
}

}  // namespace aludel
