// SPDX-License-Identifier: MIT
/// A handler of which a test makes as many versions as it likes: it patches the file (reloaded.py). Each
/// event becomes a row, with the version that handled it. What a version does beside is its kind:
///
/// good; tables: has one table more; create, start: fails, dies there; stuck: has one table more and dies in
/// start; load: dies as soon as it is loaded; wait: waits there until its file changes; hang: never comes
/// back from migrate.
#include <aludel/plugin.hpp>
#include <cstdlib>
#include <dlfcn.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

// Volatile, so that what is patched is read.
const volatile char marks[] = "version=1.000 kind=good  ";

std::string mark(std::size_t from, std::size_t size) {
  std::string text;
  for (std::size_t i = from; i != from + size; ++i)
    if (marks[i] != ' ') text += marks[i];
  return text;
}
std::string version() {
  return mark(8, 5);
}
std::string kind() {
  return mark(19, 6);
}

// Of its own file.
void wait_for_change() {
  Dl_info about{};
  struct stat first {};
  struct stat now {};
  ::dladdr(const_cast<const char*>(marks), &about);
  ::stat(about.dli_fname, &first);
  do {
    ::usleep(1000);
    ::stat(about.dli_fname, &now);
  } while (now.st_mtim.tv_sec == first.st_mtim.tv_sec && now.st_mtim.tv_nsec == first.st_mtim.tv_nsec);
}

__attribute__((constructor)) void on_load() {
  if (kind() == "load") std::abort();
  if (kind() == "wait") wait_for_change();
}

class Reloaded {
 public:
  std::vector<std::string> migrations{
      "create table seen (n integer primary key, id integer not null, version text not null)"};

  Reloaded() {
    if (kind() == "create") throw aludel::fail("patched", "as patched in create");
    if (kind() == "hang")
      migrations.emplace_back(
          "with recursive n(i) as (select 1 union all select i from n) select count(*) from n");
    if (kind() == "tables" || kind() == "stuck") migrations.emplace_back("create table more (x)");
  }

  void start(aludel::Call&) {
    if (kind() == "start" || kind() == "stuck") std::abort();
  }

  void handle(aludel::Call& call, const aludel::Event& event) {
    call.sql("insert into seen (id, version) values (?, ?)").run(event.id(), version_);
  }

 private:
  const std::string version_ = version();
};

}  // namespace

ALUDEL_PLUGIN(aludel::handler<Reloaded>("test.reloaded", "1.000").on("plan"))
