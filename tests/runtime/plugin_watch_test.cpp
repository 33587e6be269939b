// SPDX-License-Identifier: MIT
#include "runtime/plugin_watch.hpp"

#include <condition_variable>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <unistd.h>

#include "base/os/descriptor.hpp"
#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

void write(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file) << content;
}

// What is reloaded, in order.
class Reloads {
 public:
  void add(const std::string& processor) {
    const std::lock_guard lock(mutex_);
    names_.push_back(processor);
    changed_.notify_all();
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return names_.size() >= count; });
    return names_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> names_;
};

struct Rig {
  TempDir dir;
  os::Descriptor null{::open("/dev/null", O_WRONLY)};
  HostLog log{null.number(), LogLevel::error, HostLog::Format::text};
  Reloads reloads;

  PluginWatch::Parts parts(std::map<std::string, std::filesystem::path> plugins) {
    std::map<std::string, PluginWatch::Stamp> taken;
    for (const auto& [name, file] : plugins)
      taken.emplace(name, PluginWatch::stamp(file));
    return {std::move(plugins), std::move(taken), {dir.path()}, log, [this](const std::string& name) {
              reloads.add(name);
            }};
  }
};

}  // namespace

TEST_CASE("each processor of a plugin is reloaded once its file has changed, and no other") {
  Rig rig;
  const auto file = rig.dir.path() / "a.so";
  write(file, "one");
  write(rig.dir.path() / "b.so", "other");
  const PluginWatch watch(rig.parts({{"a", file}, {"b", rig.dir.path() / "b.so"}, {"c", file}}));
  write(file, "two, longer");
  CHECK(rig.reloads.wait_for(2) == std::vector<std::string>{"a", "c"});
  write(rig.dir.path() / "b.so", "another");
  CHECK(rig.reloads.wait_for(3) == std::vector<std::string>{"a", "c", "b"});
}

TEST_CASE("a file that has changed since its processor took it, before it was watched, is reloaded") {
  Rig rig;
  const auto file = rig.dir.path() / "a.so";
  write(file, "one");
  auto parts = rig.parts({{"a", file}});
  write(file, "two, longer");
  const PluginWatch watch(std::move(parts));
  CHECK(rig.reloads.wait_for(1) == std::vector<std::string>{"a"});
}

TEST_CASE("a file that has gone is waited for") {
  Rig rig;
  const auto file = rig.dir.path() / "a.so";
  const PluginWatch watch(rig.parts({{"a", file}}));
  write(rig.dir.path() / "b.so", "other");
  write(file, "there");
  CHECK(rig.reloads.wait_for(1) == std::vector<std::string>{"a"});
}

TEST_CASE("a watch ends while nothing happens") {
  Rig rig;
  const PluginWatch watch(rig.parts({}));
}

}  // namespace aludel
