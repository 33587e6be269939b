// SPDX-License-Identifier: MIT
#include "plugin/trust.hpp"

#include <string>
#include <sys/stat.h>

#include "base/sha256.hpp"
#include "plugin/inspection.hpp"
#include "plugin/refusal.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"
#include "test_plugins.hpp"

namespace aludel {

namespace {

// A copy of a plugin in a folder of its own, and a link to it in another.
struct Copied {
  explicit Copied(const std::string& name = "good") {
    std::filesystem::create_directory(folder);
    std::filesystem::create_directory(links);
    std::filesystem::copy_file(bad_plugin(name), file);
    std::filesystem::create_symlink(file, link);
    set_mode(file, 0755);
  }
  static void set_mode(const std::filesystem::path& path, mode_t mode) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
  }
  [[nodiscard]] std::string refusal_of(const std::filesystem::path& path,
                                       const TrustPolicy& policy = {}) const {
    const auto checked = check_trust(path, policy);
    if (checked) return "";
    CHECK(checked.error().code == ErrorCode::refused);
    return checked.error().reason + ": " + checked.error().message;
  }

  TempDir dir;
  std::filesystem::path folder = dir.path() / "plugins";
  std::filesystem::path links = dir.path() / "links";
  std::filesystem::path file = folder / "x.so";
  std::filesystem::path link = links / "x.so";
};

}  // namespace

TEST_CASE("a plugin that others can write to, or replace, is refused") {
  const Copied copied;
  CHECK(copied.refusal_of(copied.file).empty());
  CHECK(copied.refusal_of(copied.link).empty());
  Copied::set_mode(copied.file, 0777);
  const auto words = "untrusted: refuse " + copied.file.string() + ": everybody may write to it (mode 0777)";
  CHECK(copied.refusal_of(copied.file).starts_with(words));
  CHECK_FALSE(copied.refusal_of(copied.link).empty());
  Copied::set_mode(copied.file, 0755);
  Copied::set_mode(copied.folder, 0777);
  CHECK(copied.refusal_of(copied.file)
            .starts_with("untrusted: refuse " + copied.file.string() + ": of " + copied.folder.string() +
                         ", everybody may write to it (mode 0777)"));
  CHECK_FALSE(copied.refusal_of(copied.link).empty());
  Copied::set_mode(copied.folder, 0755);
  Copied::set_mode(copied.links, 0777);
  CHECK(copied.refusal_of(copied.file).empty());
  CHECK_FALSE(copied.refusal_of(copied.link).empty());
}

TEST_CASE("a link by way of a folder that others can write to is refused") {
  const Copied copied;
  const auto first = copied.dir.path() / "first";
  std::filesystem::create_directory(first);
  for (const std::filesystem::path& way : {copied.link, std::filesystem::path("../links/x.so")}) {
    const auto link = first / ("to" + std::to_string(way.is_absolute()) + ".so");
    std::filesystem::create_symlink(way, link);
    CHECK(copied.refusal_of(link).empty());
    Copied::set_mode(copied.links, 0777);
    CHECK(copied.refusal_of(link).find("everybody may write to it (mode 0777)") != std::string::npos);
    Copied::set_mode(copied.links, 0755);
  }
}

TEST_CASE("a file or folder that the operator names may be writable by others") {
  const Copied copied;
  Copied::set_mode(copied.file, 0777);
  CHECK(copied.refusal_of(copied.file, {{copied.file}, {}}).empty());
  CHECK(copied.refusal_of(copied.file, {{copied.folder}, {}}).empty());
  CHECK_FALSE(copied.refusal_of(copied.file, {{copied.links, copied.dir.path()}, {}}).empty());
  CHECK(copied.refusal_of(copied.link, {{copied.links}, {}}).empty());
}

TEST_CASE("where digests are listed, no other file runs") {
  const Copied copied;
  const auto digest = sha256_of(copied.file).value();
  const std::string other(64, '0');
  CHECK(copied.refusal_of(copied.file, {{}, {other, digest}}).empty());
  CHECK(copied.refusal_of(copied.file, {{}, {other}}) ==
        "not_allowed: refuse " + copied.file.string() +
            ": [host] allow does not hold its SHA-256 digest: " + digest);
  // Whoever may write to it may change it.
  Copied::set_mode(copied.file, 0777);
  CHECK_FALSE(copied.refusal_of(copied.file, {{}, {digest}}).empty());
}

TEST_CASE("a pinned file is that one or refused") {
  const Copied copied;
  const auto digest = sha256_of(copied.file).value();
  CHECK(check_pin(copied.file, digest));
  const auto other = check_pin(copied.file, std::string(64, '0'));
  REQUIRE_FALSE(other);
  CHECK(other.error().reason == refusal::other_digest);
  CHECK(other.error().message.find(digest) != std::string::npos);
  CHECK(check_pin(copied.dir.path() / "none", digest).error().code == ErrorCode::not_found);
}

TEST_CASE("what is not trusted is not even inspected: none of its code runs") {
  const Copied hanging("hangs_in_constructor");
  Copied::set_mode(hanging.file, 0777);
  const auto found = inspect_all({hanging.file, bad_plugin("good")}, {}, inspector());
  REQUIRE(found.size() == 2);
  REQUIRE_FALSE(found[0]);
  CHECK(found[0].error().reason == refusal::untrusted);
  CHECK(found[1]);
}

}  // namespace aludel
