// SPDX-License-Identifier: MIT
#include "runtime/call_watch.hpp"

#include <utility>

namespace aludel {

namespace {

// In a row: a process that is held up while it writes the page is not seen in that so often.
constexpr int blind_looks_min = 5;

}  // namespace

Result<std::unique_ptr<CallWatch>> CallWatch::open(const std::filesystem::path& page) {
  auto kept = InFlightPage::keep(page);
  if (!kept) return kept.error();
  return std::unique_ptr<CallWatch>(new CallWatch(std::move(*kept)));
}

void CallWatch::begin(Time now, CpuTime used) {
  const auto call = in_flight();
  sequence_ = call ? call->sequence : 0;
  seen_ = now;
  used_then_ = used;
  blind_looks_ = 0;
}

std::optional<CallWatch::Sight> CallWatch::look(Time now, CpuTime used) {
  const auto call = shown();
  if (call && (call->stage == 0 || call->sequence != sequence_)) {
    begin(now, used);
    return std::nullopt;
  }
  blind_looks_ = call ? 0 : blind_looks_ + 1;
  CpuTime since;
  if (used && used_then_) since = *used - *used_then_;
  return Sight{call, now - seen_, since, call || blind_looks_ >= blind_looks_min};
}

// An earlier process may have left the page behind, or still be at work in it.
std::optional<CallWatch::Call> CallWatch::shown() const {
  auto call = page_->read();
  return call && call->writer == pid_ ? call : std::nullopt;
}

std::optional<CallWatch::Call> CallWatch::in_flight() const {
  auto call = shown();
  return call && call->stage != 0 ? call : std::nullopt;
}

}  // namespace aludel
