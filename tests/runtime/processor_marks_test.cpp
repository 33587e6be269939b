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

namespace {

/// What has the path's name is replaced by a link to itself while this is there: it cannot be looked at.
class Unreadable {
 public:
  explicit Unreadable(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::rename(path_, aside());
    std::filesystem::create_symlink(path_, path_);
  }
  ~Unreadable() {
    std::filesystem::remove(path_);
    std::filesystem::rename(aside(), path_);
  }

 private:
  [[nodiscard]] std::string aside() const { return path_.string() + "-aside"; }

  const std::filesystem::path path_;
};

/// A log of three events that "x" is done with, whose last one was cut short by `bytes`.
struct CutRig : SmallLogRig {
  explicit CutRig(std::uint64_t bytes) {
    append();
    append();
    const auto last = log->stats()->bytes;
    append();
    processor("x", 3);
    const auto end = log->stats()->bytes;
    log.reset();
    std::filesystem::resize_file(segment, bytes == 0 ? last : end - bytes);
    std::filesystem::remove(data.log() / "tip");  // as if the machine had been started anew
    REQUIRE(open_again(*this).error().code == ErrorCode::corrupt);
  }

  const std::filesystem::path segment = data.log() / segment_name(0);
};

}  // namespace

TEST_CASE("a log that was cut below a cursor is opened by nobody who cannot list the processors") {
  for (const std::uint64_t bytes : {0u, 64u}) {
    CAPTURE(bytes);
    const CutRig rig(bytes);
    const auto size = std::filesystem::file_size(rig.segment);
    const Unreadable unreadable(rig.data.processors());
    const auto refused = open_again(rig);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::io);
    CHECK(refused.error().message.find("who knows of its events cannot be told") != std::string::npos);
    CHECK(refused.error().message.find(rig.data.processors().string()) != std::string::npos);
    CHECK(std::filesystem::file_size(rig.segment) == size);
  }
}

TEST_CASE("while a cursor cannot be read no block is cut off that it may know, and a whole log opens") {
  const CutRig rig(64);
  const auto size = std::filesystem::file_size(rig.segment);
  const auto x = rig.data.processor("x");
  {
    const Unreadable unreadable(projection_link(x));
    const auto refused = open_again(rig);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::corrupt);
    CHECK(refused.error().message.find("remove " + x.string()) != std::string::npos);
    CHECK(std::filesystem::file_size(rig.segment) == size);
    std::filesystem::resize_file(rig.segment, sizeof(format::SegmentHeader));
    CHECK(open_again(rig).value()->tip() == 0);
  }
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
