// SPDX-License-Identifier: MIT
#include "support/sqlite_faults.hpp"

#include "base/assert.hpp"

namespace aludel {

namespace {

// SQLite has one allocator for all.
struct Plan {
  bool set = false;
  SqliteFaults::Of what = SqliteFaults::Of::io;
  std::size_t passed = 0;
  std::size_t count = 0;
  std::size_t seen = 0;
  std::size_t failed = 0;
  int spared = 0;
};

Plan plan;
sqlite3_mem_methods allocator;

bool fails_now(SqliteFaults::Of what) {
  if (!plan.set || plan.spared > 0 || plan.what != what) return false;
  const auto index = plan.seen++;
  const bool fails = index >= plan.passed && index - plan.passed < plan.count;
  if (fails) ++plan.failed;
  return fails;
}

void* allocate(int size) {
  return fails_now(SqliteFaults::Of::memory) ? nullptr : allocator.xMalloc(size);
}

void* reallocate(void* block, int size) {
  return fails_now(SqliteFaults::Of::memory) ? nullptr : allocator.xRealloc(block, size);
}

}  // namespace

void SqliteFaults::take_over_allocator() {
  ALUDEL_ASSERT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &allocator) == SQLITE_OK);
  auto faulty = allocator;
  faulty.xMalloc = allocate;
  faulty.xRealloc = reallocate;
  ALUDEL_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &faulty) == SQLITE_OK);
}

void SqliteFaults::fail_after(Of what, std::size_t passed, std::size_t count) {
  plan = {.set = true, .what = what, .passed = passed, .count = count};
}

std::size_t SqliteFaults::heal() {
  plan.set = false;
  return plan.failed;
}

SqliteFaults::Spared::Spared() {
  ++plan.spared;
}

SqliteFaults::Spared::~Spared() {
  --plan.spared;
}

std::optional<int> SqliteFaults::before(const Call& call) {
  const auto write_half = [&] {
    (void)call.under->pMethods->xWrite(call.under, call.bytes, call.count / 2, call.offset);
  };
  if (call.kind == Kind::write && fails_now(Of::disk_full)) {
    write_half();
    return SQLITE_FULL;
  }
  if (!fails_now(Of::io)) return std::nullopt;
  switch (call.kind) {
    case Kind::full_path: return SQLITE_CANTOPEN_FULLPATH;
    case Kind::open: return SQLITE_CANTOPEN;
    case Kind::access: return SQLITE_IOERR_ACCESS;
    case Kind::remove: return SQLITE_IOERR_DELETE;
    case Kind::read: return SQLITE_IOERR_READ;
    case Kind::write: write_half(); return SQLITE_IOERR_WRITE;
    case Kind::truncate: return SQLITE_IOERR_TRUNCATE;
    case Kind::sync: return SQLITE_IOERR_FSYNC;
    case Kind::size: return SQLITE_IOERR_FSTAT;
    case Kind::lock: return SQLITE_IOERR_LOCK;
    case Kind::shm_map: return SQLITE_IOERR_SHMMAP;
    case Kind::shm_lock: return SQLITE_IOERR_SHMLOCK;
  }
  return std::nullopt;
}

}  // namespace aludel
