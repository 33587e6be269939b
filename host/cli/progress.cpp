// SPDX-License-Identifier: MIT
#include "cli/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

#include "cli/table.hpp"

namespace aludel {

namespace {

constexpr auto patience = std::chrono::seconds(1);
constexpr auto interval = std::chrono::milliseconds(100);
constexpr std::uint64_t bar_width = 30;

}  // namespace

Progress::Progress(std::string what, std::uint64_t total)
    : what_(std::move(what)), total_(total), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  wipe();
}

void Progress::wipe() {
  if (std::exchange(shown_, false)) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::uint64_t done, const std::string& note) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - begin_ < patience || now - drawn_ < interval) return;
  drawn_ = now;
  shown_ = true;
  std::string bar;
  if (total_ > 0) {
    const auto share = std::min(done, total_) * bar_width / total_;
    bar = " [" + std::string(share, '#') + std::string(bar_width - share, ' ') + "]";
  }
  std::fprintf(stderr, "\r%s%s %s\x1b[K", what_.c_str(), bar.c_str(), note.c_str());
}

std::function<void(std::uint64_t done, std::uint64_t total)> progress_of_bytes(Progress& progress) {
  return [&progress](std::uint64_t done, std::uint64_t total) {
    progress.update(total == 0 ? 0 : std::min(done, total) * 1'000 / total,
                    human_size(done) + " of " + human_size(total));
  };
}

}  // namespace aludel
