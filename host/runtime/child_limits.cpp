// SPDX-License-Identifier: MIT
#include "runtime/child_limits.hpp"

#include <atomic>
#include <cstdio>
#include <new>
#include <string>
#include <unistd.h>
#include <utility>

#include "base/byte_size.hpp"
#include "base/os/resource_limits.hpp"

namespace aludel {

namespace {

constexpr std::uint64_t reserve = 16 * limits::MiB;  // for what is to be said and noted at the end

const ChildLimits* of_this_process = nullptr;  // a new-handler gets no argument

}  // namespace

ChildLimits::ChildLimits(const ProcessorSpec& spec) : spec_(spec) {
  if (auto page = InFlightPage::keep(spec_.directory / "page")) page_ = std::move(*page);
  os::leave_no_core();
  os::limit_open_files(spec_.allowance.open_files);
  if (!spec_.allowance.memory) return;
  of_this_process = this;
  std::set_new_handler(end_without_memory);
  os::limit_memory(*spec_.allowance.memory, reserve);
}

void ChildLimits::check() const {
  const auto& allowed = spec_.allowance;
  if (const auto there = os::thread_count(); there > allowed.threads) {
    end({ProcessEnd::Kind::over_threads, allowed.threads},
        "there are " + std::to_string(there) + " threads at the end of a batch, and the limit is " +
            std::to_string(allowed.threads));
  }
  if (!os::can_open_files()) {
    end({ProcessEnd::Kind::over_files, allowed.open_files},
        "no file more can be opened at the end of a batch, and the limit is " +
            std::to_string(allowed.open_files));
  }
}

void ChildLimits::end_without_memory() {
  static std::atomic_flag ending = ATOMIC_FLAG_INIT;
  while (ending.test_and_set())
    ::pause();  // another thread's end is this one's too
  std::set_new_handler(nullptr);
  os::use_memory_reserve();
  const auto memory = *of_this_process->spec_.allowance.memory;
  of_this_process->end({ProcessEnd::Kind::over_memory, static_cast<std::uint32_t>(memory / limits::MiB)},
                       "the limit of " + format_byte_size(memory) + " of memory is reached");
}

void ChildLimits::end(const ProcessEnd& end, const std::string& why) const {
  std::fprintf(stderr, "%s\n", why.c_str());
  if (page_) page_->note_end(static_cast<std::uint64_t>(::getpid()), end);
  ::_exit(1);
}

}  // namespace aludel
