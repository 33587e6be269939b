// SPDX-License-Identifier: MIT
#include "base/os/mapped_memory.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <limits>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace aludel::os {

namespace {

constexpr std::size_t nothing_lost = std::numeric_limits<std::size_t>::max();

int protection_of(MappedMemory::Access access) {
  return access == MappedMemory::Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
}

}  // namespace

/// What the signal handler knows of a mapping. Never freed, but used again: a handler may be looking.
struct MappedMemory::Guard {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};  ///< 0: it guards nothing
  std::atomic<std::size_t> lost_from{nothing_lost};
  std::atomic<int> protection{0};
  Guard* next = nullptr;  ///< constant once it is in the list
};

/// All of the process, as signals are the process's.
struct MappedMemory::Guards {
  static Guard* take(void* data, std::size_t size, int protection) {
    const std::lock_guard lock(mutex);
    handle_bus_errors();
    auto* guard = first.load();
    while (guard != nullptr && guard->end.load() != 0)
      guard = guard->next;
    if (guard == nullptr) {
      guard = new Guard;
      guard->next = first.load();
      first.store(guard);
    }
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    guard->begin.store(begin);
    guard->lost_from.store(nothing_lost);
    guard->protection.store(protection);
    guard->end.store(begin + size);
    return guard;
  }

  static void give_back(Guard& guard) {
    const std::lock_guard lock(mutex);
    guard.end.store(0);
  }

  static void guard_all() {
    const std::lock_guard lock(mutex);
    handle_bus_errors();
    everywhere.store(true);
  }

  static void handle_bus_errors() {
    static const bool handling = set_handler();
    ALUDEL_ASSERT(handling);
  }

  static bool set_handler() {
    struct sigaction handling {};
    handling.sa_sigaction = on_bus_error;
    handling.sa_flags = SA_SIGINFO | SA_ONSTACK;
    return ::sigaction(SIGBUS, nullptr, &before) == 0 && ::sigaction(SIGBUS, &handling, nullptr) == 0;
  }

  static void on_bus_error(int signal, siginfo_t* info, void*) {
    const int error_number = errno;
    const bool by_kernel = info->si_code > 0;
    const bool of_a_file = info->si_code == BUS_ADRERR;  // beyond its end, or its disk cannot read it
    const bool may_stand_in = of_a_file && everywhere.load();
    if (!by_kernel || (!stand_in(info->si_addr) && !(may_stand_in && stand_in_for_page(info->si_addr)))) {
      // For whoever was there before: at once, as the same instruction comes again, or as it was sent.
      ::sigaction(SIGBUS, &before, nullptr);
      if (!by_kernel) ::raise(signal);
    }
    errno = error_number;
  }

  // Puts zeros in the place of the page at fault and of all behind it. Then a walk that comes to them meets
  // lengths that are zero, and none that is half of what it was beside bytes that it does not belong to.
  static bool stand_in(void* at) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    for (auto* guard = first.load(); guard != nullptr; guard = guard->next) {
      const auto begin = guard->begin.load();
      const auto end = guard->end.load();
      if (end == 0 || address < begin || address >= end) continue;
      const auto page = address - address % page_size;
      auto lost_from = guard->lost_from.load();
      while (page - begin < lost_from && !guard->lost_from.compare_exchange_weak(lost_from, page - begin)) {
      }
      return ::mmap(static_cast<char*>(at) - address % page_size, end - page, guard->protection.load(),
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
    }
    return false;
  }

  // Of a mapping that is another's: where it ends is not known, nor how it may be used.
  static bool stand_in_for_page(void* at) {
    const auto into_page = reinterpret_cast<std::uintptr_t>(at) % page_size;
    return ::mmap(static_cast<char*>(at) - into_page, page_size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }

  static inline std::atomic<Guard*> first{nullptr};
  static inline std::atomic<bool> everywhere{false};
  static inline std::mutex mutex;            // for whoever takes or gives back
  static inline struct sigaction before {};  // constant once the handler is set
  static inline const auto page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
};

Result<MappedMemory> MappedMemory::map(int file, std::size_t size, Access access, const std::string& path) {
  const int protection = protection_of(access);
  void* data = ::mmap(nullptr, size, protection, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) return os_error("map " + path, errno);
  return MappedMemory(data, size, Guards::take(data, size, protection));
}

void MappedMemory::stand_in_everywhere() {
  Guards::guard_all();
}

MappedMemory::MappedMemory(MappedMemory&& other) noexcept
    : data_(other.data_), size_(other.size_), guard_(std::exchange(other.guard_, nullptr)) {}

MappedMemory& MappedMemory::operator=(MappedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_, other.guard_);
  return *this;
}

MappedMemory::~MappedMemory() {
  if (guard_ == nullptr) return;
  Guards::give_back(*guard_);  // first: the addresses may be another's at once
  ::munmap(data_, size_);
}

std::optional<std::size_t> MappedMemory::lost_from() const {
  const auto offset = guard_->lost_from.load();
  return offset == nothing_lost ? std::nullopt : std::optional(offset);
}

}  // namespace aludel::os
