// SPDX-License-Identifier: MIT
#include "runtime/processor_marks.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "runtime/host.hpp"
#include "small_log_rig.hpp"

namespace aludel {

namespace {

Result<std::unique_ptr<SegmentLog>> open_again(const SmallLogRig& rig) {
  return open_log({rig.data, {}}, [](const std::string&) {});
}

}  // namespace

TEST_CASE("a log that was cut below a cursor is opened by nobody who cannot read the cursor") {
  SmallLogRig rig;
  for (int i = 0; i < 3; ++i)
    rig.append();
  rig.processor("x", 3);
  const auto segment = rig.data.log() / segment_name(0);
  const auto end = rig.log->stats()->bytes;
  rig.append();
  rig.log.reset();
  std::filesystem::resize_file(segment, end - 64);
  std::filesystem::remove(rig.data.log() / "tip");  // as if the machine had been started anew
  REQUIRE(open_again(rig).error().code == ErrorCode::corrupt);
  const auto link = projection_link(rig.data.processor("x"));
  const std::filesystem::path unreadable[] = {rig.data.processors(), link};
  for (const auto& path : unreadable) {
    CAPTURE(path);
    const auto aside = rig.temp.path() / "aside";
    std::filesystem::rename(path, aside);
    std::filesystem::create_symlink(path, path);
    const auto refused = open_again(rig);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::io);
    CHECK(refused.error().message.find("what the processors know of it cannot be read") != std::string::npos);
    CHECK(refused.error().message.find(path.string()) != std::string::npos);
    std::filesystem::remove(path);
    std::filesystem::rename(aside, path);
  }
  CHECK(std::filesystem::file_size(segment) == end - 64);
}

TEST_CASE("a projection that tells no cursor holds the log up for nobody") {
  SmallLogRig rig;
  rig.append();
  rig.processor("new", 1);
  rig.processor("damaged", 1);
  rig.log.reset();
  std::filesystem::remove(projection_link(rig.data.processor("new")));
  std::filesystem::resize_file(rig.data.processor("damaged") / "projection-1.db", 0);
  std::filesystem::remove(rig.data.processor("damaged") / "projection-1.db-wal");
  const auto found = processor_marks(rig.data, true);
  CHECK(found.marks.empty());
  CHECK_FALSE(found.unread);
  CHECK(open_again(rig));
}

}  // namespace aludel
