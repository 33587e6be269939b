// SPDX-License-Identifier: MIT
#include "backup_session.hpp"

#include <fstream>
#include <iterator>

#include "base/time.hpp"
#include "processor/command.hpp"
#include "runtime/restore.hpp"
#include "runtime/small_file.hpp"

namespace aludel {

namespace {

const CopyProgress untold = [](const char*, std::uint64_t, std::uint64_t) {};

std::int64_t now_ns() {
  return parse_time("2026-11-26T21:19:49.123Z").value();
}

// But for what SQLite may leave beside a database that it has only read, and for locks.
TreeContent content_of(const std::filesystem::path& tree) {
  TreeContent content;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree)) {
    const auto name = entry.path().lexically_relative(tree).string();
    if (name.ends_with("-shm") || name.ends_with("lock")) continue;
    if (name.ends_with("-wal") && entry.file_size() == 0) continue;
    if (entry.is_symlink()) {
      content[name] = "-> " + std::filesystem::read_symlink(entry.path()).string();
    } else if (entry.is_directory()) {
      content[name] = "/";
    } else {
      std::ifstream file(entry.path(), std::ios::binary);
      content[name] = {std::istreambuf_iterator<char>(file), {}};
    }
  }
  return content;
}

std::vector<std::string> names_of(const TreeContent& content) {
  std::vector<std::string> names;
  for (const auto& [name, bytes] : content)
    names.push_back(name);
  return names;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Tells which differ, as the bytes are too many.
void require_same(const TreeContent& found, const TreeContent& wanted) {
  std::string differ;
  for (const auto& [name, bytes] : wanted) {
    const auto its = found.find(name);
    if (its == found.end() || its->second != bytes) differ += name + " ";
  }
  for (const auto& [name, bytes] : found) {
    if (!wanted.contains(name)) differ += name + " ";
  }
  REQUIRE(differ == "");
}

}  // namespace

BackupSession::BackupSession() {
  make_data();
  const auto earlier = run(Which::backup);
  REQUIRE(earlier);
  earlier_ = earlier->path;
  earlier_content_ = content_of(earlier_);
  rig_.fill(2);
  rig_.processor("x", rig_.log->tip());
  data_ = content_of(rig_.data.root());
  const auto now = run(Which::backup);
  REQUIRE(now);
  wanted_backup_ = content_of(now->path);
  REQUIRE(run(Which::restore));
  wanted_restore_ = content_of(restored_.root());
  REQUIRE(names_of(wanted_restore_) == names_of(wanted_backup_));
}

// A log whose beginning was dropped; a processor with a command that waits, one that is new, one without any.
void BackupSession::make_data() {
  rig_.fill(3);
  rig_.drop_all_but(2);
  rig_.processor("x", rig_.log->tip());
  rig_.processor("y", rig_.first() + 1);
  std::filesystem::create_directory(rig_.data.processor("z"));
  auto commands = CommandQueue::open(rig_.data.processor("x"));
  REQUIRE(commands);
  REQUIRE((*commands)->post({.kind = Command::Kind::pause}, 0));
  std::filesystem::create_directories(rig_.data.host_folder("x"));
  write(rig_.data.host_folder("x") / "processor.json", "{}");
  write(rig_.data.host_folder("x") / "host.json", "{}");
  write(rig_.data.config(), "[log]\nsync = \"full\"\n");
}

void BackupSession::prepare(Which which) {
  prepare_folder();
  if (which == Which::backup) return;
  std::filesystem::remove_all(restored_.root());
  REQUIRE(run(Which::backup));
  if (which == Which::rest_of_restore) cut_off_restore();
}

// The earlier backup, and what is left of one that was cut off.
void BackupSession::prepare_folder() {
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path() != earlier_) std::filesystem::remove_all(entry.path());
  }
  const auto cut_off = folder() / "20261126T000000.000Z.tmp";
  std::filesystem::create_directories(cut_off / "log");
  write(cut_off / "log" / "00000000000000000000.seg", "half");
}

void BackupSession::cut_off_restore() {
  REQUIRE(run(Which::restore));
  const auto whole = restored_.root() / "restore.whole";
  std::filesystem::create_directory(whole);
  for (const auto& path : {restored_.log(), restored_.processors(), restored_.config()})
    std::filesystem::rename(path, whole / path.filename());
  write(whole / "lock", "");
}

Result<Backup> BackupSession::run(Which which) {
  if (which == Which::backup) return back_up(rig_.data, folder(), now_ns(), untold);
  return restore(folder(), restored_, untold);
}

void BackupSession::check_failed(Which which) {
  if (which == Which::backup) return check_folder(true);
  if (!require_no_restore(restored_)) return;
  if (!std::filesystem::exists(restored_.log()) && !std::filesystem::exists(restored_.processors())) return;
  check_done(which);
}

void BackupSession::check_done(Which which) {
  if (which != Which::backup) return require_same(content_of(restored_.root()), wanted_restore_);
  REQUIRE(latest_backup(folder()).value() != earlier_);
  check_folder(false);
}

// What has a backup's name is whole.
void BackupSession::check_folder(bool may_be_unfinished) {
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    const auto& path = entry.path();
    if (path == earlier_ || path.filename() == "lock") continue;
    if (may_be_unfinished && path.extension() == ".tmp") continue;
    require_same(content_of(path), wanted_backup_);
  }
}

void BackupSession::check_untouched() {
  require_same(content_of(rig_.data.root()), data_);
  require_same(content_of(earlier_), earlier_content_);
  for (const auto* name : {"x", "y"}) {
    auto projection = Projection::open(rig_.data.processor(name));
    REQUIRE(projection);
    REQUIRE((*projection)->begin());
    REQUIRE((*projection)->rollback());
  }
}

std::filesystem::path BackupSession::target(Which which) const {
  return which == Which::backup ? folder() : restored_.root();
}

}  // namespace aludel
