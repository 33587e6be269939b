// SPDX-License-Identifier: MIT
#include "runtime/noted_spec.hpp"

#include <filesystem>

#include <doctest/doctest.h>

#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

using namespace aludel;

namespace {

ProcessorSpec note(const DataDirectory& data) {
  ProcessorSpec spec;
  spec.name = "ledger";
  spec.library = "/plugins/libledger.so";
  place(spec, data);
  std::filesystem::create_directories(spec.host_directory);
  REQUIRE(note_spec(spec));
  return spec;
}

}  // namespace

TEST_CASE(
    "what was noted of a processor in a data directory speaks of that one's copy where it was copied to") {
  const TempDir temp;
  const DataDirectory original(temp.path() / "original");
  const DataDirectory copy(temp.path() / "copy");
  note(original);
  std::filesystem::copy(original.root(), copy.root(), std::filesystem::copy_options::recursive);
  const auto spec = noted_spec(copy, "ledger");
  REQUIRE(spec);
  CHECK(spec->library == "/plugins/libledger.so");
  CHECK(spec->directory == copy.processor("ledger"));
  CHECK(spec->host_directory == copy.host_folder("ledger"));
  CHECK(spec->log == copy.log());
}

TEST_CASE("what lies where a plugin can write says nothing of a processor") {
  const TempDir temp;
  const DataDirectory data(temp.path());
  const auto spec = note(data);
  std::filesystem::create_directories(spec.directory);
  std::filesystem::rename(spec.host_directory / "processor.json", spec.directory / "processor.json");
  const auto found = noted_spec(data, "ledger");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::not_found);
}
