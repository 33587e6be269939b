// SPDX-License-Identifier: MIT
// What the bench measures Aludel against: the same work done by hand, as fast as we know how, with nothing of
// the project. Each prints one line of JSON; bench.py runs them beside what they stand for.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/futex.h>
#include <nmmintrin.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <climits>
#include <sqlite3.h>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "yardsticks: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

void check(bool good, const char* what) {
  if (!good) fail(what);
}

double at_percent(std::vector<double> values, double percent) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(percent / 100 * static_cast<double>(values.size())))];
}

// ------------------------------------------------------------------------------------------------- durable
// append

// Writes `times` pieces of `size` bytes, each synced before the next one, into a file that holds zeros
// already or that grows.
void append(const char* path, std::size_t size, std::size_t times, bool zeroed) {
  const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  check(file >= 0, path);
  if (zeroed) {
    const std::vector<char> zeros(1 << 20);
    for (std::size_t left = size * times; left > 0;) {
      const auto written = write(file, zeros.data(), std::min(left, zeros.size()));
      check(written > 0, path);
      left -= static_cast<std::size_t>(written);
    }
  }
  check(fsync(file) == 0, path);
  const std::vector<char> piece(size, 'x');
  std::vector<double> taken;
  const auto began = Clock::now();
  for (std::size_t i = 0; i < times; ++i) {
    const auto before = Clock::now();
    check(pwrite(file, piece.data(), size, static_cast<off_t>(i * size)) == static_cast<ssize_t>(size), path);
    check(fdatasync(file) == 0, path);
    taken.push_back(seconds_since(before));
  }
  std::printf("{\"times\":%zu,\"seconds\":%.6f,\"p50_us\":%.2f,\"p99_us\":%.2f}\n", times,
              seconds_since(began), 1e6 * at_percent(taken, 50), 1e6 * at_percent(taken, 99));
}

// -----------------------------------------------------------------------------------------------------------
// scan

constexpr std::size_t record_size = 128;  // 100 bytes of payload, and what an event has beside
constexpr std::size_t payload_size = 100;
constexpr std::size_t block_records = 1'000;
constexpr std::size_t block_size = 64 + block_records * record_size;

// CRC32C of three thirds side by side, so that the instruction's latency does not bound it.
struct Checksum {
  std::uint64_t a = 0, b = 0, c = 0;
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

Checksum checksum_of(const char* at, std::size_t size) {
  Checksum sum;
  const auto third = size / 3 / 8 * 8;
  for (std::size_t i = 0; i < third; i += 8) {
    std::uint64_t words[3];
    std::memcpy(&words[0], at + i, 8);
    std::memcpy(&words[1], at + third + i, 8);
    std::memcpy(&words[2], at + 2 * third + i, 8);
    sum.a = _mm_crc32_u64(sum.a, words[0]);
    sum.b = _mm_crc32_u64(sum.b, words[1]);
    sum.c = _mm_crc32_u64(sum.c, words[2]);
  }
  for (auto i = 3 * third; i < size; ++i)
    sum.c = _mm_crc32_u8(static_cast<std::uint32_t>(sum.c), static_cast<std::uint8_t>(at[i]));
  return sum;
}

void make_blocks(const char* path, std::size_t blocks) {
  std::FILE* file = std::fopen(path, "wb");
  check(file != nullptr, path);
  std::vector<char> block(block_size, 'x');
  for (std::size_t i = 0; i < blocks; ++i) {
    for (std::size_t record = 0; record < block_records; ++record) {
      const std::uint32_t size = payload_size;
      std::memcpy(block.data() + 64 + record * record_size, &size, sizeof size);
    }
    const auto sum = checksum_of(block.data() + 64, block_size - 64);
    std::memcpy(block.data(), &sum, sizeof sum);
    check(std::fwrite(block.data(), block_size, 1, file) == 1, path);
  }
  check(std::fclose(file) == 0, path);
}

// Checks each block, walks its records and adds up the sizes of their payloads.
std::uint64_t walk(const char* bytes, std::size_t blocks) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < blocks; ++i) {
    const char* block = bytes + i * block_size;
    Checksum kept;
    std::memcpy(&kept, block, sizeof kept);
    check(kept == checksum_of(block + 64, block_size - 64), "a checksum is wrong");
    for (std::size_t at = 64; at < block_size; at += record_size) {
      std::uint32_t size;
      std::memcpy(&size, block + at, sizeof size);
      total += size;
    }
  }
  return total;
}

// Each of `threads` walks all of it.
void scan(const char* path, std::size_t blocks, std::size_t threads) {
  make_blocks(path, blocks);
  const int file = open(path, O_RDONLY);
  check(file >= 0, path);
  const auto size = blocks * block_size;
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  check(mapped != MAP_FAILED, path);
  const auto* bytes = static_cast<const char*>(mapped);
  (void)walk(bytes, blocks);  // the pages are there from now on
  std::atomic<std::uint64_t> total{0};
  const auto began = Clock::now();
  std::vector<std::thread> walkers;
  for (std::size_t i = 0; i < threads; ++i)
    walkers.emplace_back([&] { total += walk(bytes, blocks); });
  for (auto& walker : walkers)
    walker.join();
  const auto seconds = seconds_since(began);
  std::printf("{\"events\":%zu,\"seconds\":%.6f,\"sum\":%llu}\n", threads * blocks * block_records, seconds,
              static_cast<unsigned long long>(total.load()));
}

// ---------------------------------------------------------------------------------------------------------
// upserts

struct Statement {
  sqlite3_stmt* handle = nullptr;
  Statement(sqlite3* database, const char* sql) {
    check(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr) == SQLITE_OK,
          sql);
  }
  ~Statement() { sqlite3_finalize(handle); }
  void run() const {
    check(sqlite3_step(handle) == SQLITE_DONE, sqlite3_sql(handle));
    sqlite3_reset(handle);
  }
};

// One upsert an event, a cursor kept with each batch: rows and cursor commit together.
void upsert(const char* path, std::size_t keys, std::size_t events, std::size_t batch) {
  sqlite3* database = nullptr;
  check(sqlite3_open(path, &database) == SQLITE_OK, path);
  for (const char* sql :
       {"pragma page_size = 4096", "pragma journal_mode = wal", "pragma synchronous = normal",
        "pragma secure_delete = off", "pragma temp_store = memory", "pragma wal_autocheckpoint = 16000",
        "create table total (key text primary key, events integer not null, bytes integer not null) without "
        "rowid",
        "create table progress (one integer primary key, cursor integer not null)",
        "insert into progress values (1, 0)"}) {
    check(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  }
  const auto began = Clock::now();
  {
    const Statement begin(database, "begin immediate");
    const Statement commit(database, "commit");
    const Statement cursor(database, "update progress set cursor = ? where one = 1");
    const Statement add(database,
                        "insert into total values (?, 1, ?) on conflict do update set events = events + 1, "
                        "bytes = bytes + excluded.bytes");
    char key[16];
    for (std::size_t event = 0; event < events;) {
      begin.run();
      for (const auto end = std::min(events, event + batch); event < end; ++event) {
        const int size = std::snprintf(key, sizeof key, "k%07zu", event * 7'919 % keys);
        sqlite3_bind_text(add.handle, 1, key, size, SQLITE_STATIC);
        sqlite3_bind_int64(add.handle, 2, static_cast<sqlite3_int64>(payload_size));
        add.run();
      }
      sqlite3_bind_int64(cursor.handle, 1, static_cast<sqlite3_int64>(event));
      cursor.run();
      commit.run();
    }
  }
  const auto seconds = seconds_since(began);
  std::uint64_t sum = 0;
  {
    const Statement total(database, "select sum(bytes) from total");
    check(sqlite3_step(total.handle) == SQLITE_ROW, "sum");
    sum = static_cast<std::uint64_t>(sqlite3_column_int64(total.handle, 0));
  }
  sqlite3_close(database);
  std::printf("{\"events\":%zu,\"seconds\":%.6f,\"sum\":%llu}\n", events, seconds,
              static_cast<unsigned long long>(sum));
}

// ---------------------------------------------------------------------------------------------------------
// wake-up

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  return syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

// From a word raised in one process to another one, which slept on it, being awake.
void wakeup(std::size_t rounds) {
  struct Shared {
    std::atomic<std::uint32_t> word;
    std::atomic<std::int64_t> raised_ns;
    std::atomic<std::uint32_t> seen;
    double taken_us[1];
  };
  const auto size = sizeof(Shared) + rounds * sizeof(double);
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "mmap");
  auto* shared = new (memory) Shared{};
  const auto child = fork();
  check(child >= 0, "fork");
  if (child == 0) {
    for (std::uint32_t round = 0; round < rounds; ++round) {
      while (shared->word.load() == round)
        futex(shared->word, FUTEX_WAIT, round);
      shared->taken_us[round] = static_cast<double>(now_ns() - shared->raised_ns.load()) / 1e3;
      shared->seen.store(round + 1);
    }
    _exit(0);
  }
  for (std::uint32_t round = 0; round < rounds; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // it sleeps by now
    shared->raised_ns.store(now_ns());
    shared->word.store(round + 1);
    futex(shared->word, FUTEX_WAKE, INT_MAX);
    while (shared->seen.load() == round)
      std::this_thread::yield();
  }
  int status = 0;
  check(waitpid(child, &status, 0) == child && status == 0, "wait");
  const std::vector<double> taken(shared->taken_us, shared->taken_us + rounds);
  std::printf("{\"rounds\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f}\n", rounds, at_percent(taken, 50),
              at_percent(taken, 99));
}

std::size_t number(const char* text) {
  return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "append" && count == 6) {
    append(arguments[2], number(arguments[3]), number(arguments[4]), std::string(arguments[5]) == "zeroed");
  } else if (what == "scan" && count == 5) {
    scan(arguments[2], number(arguments[3]), number(arguments[4]));
  } else if (what == "upsert" && count == 6) {
    upsert(arguments[2], number(arguments[3]), number(arguments[4]), number(arguments[5]));
  } else if (what == "wakeup" && count == 3) {
    wakeup(number(arguments[2]));
  } else {
    std::fputs(
        "usage: yardsticks append FILE SIZE TIMES zeroed|growing | scan FILE BLOCKS THREADS\n"
        "                  | upsert FILE KEYS EVENTS BATCH | wakeup ROUNDS\n",
        stderr);
    return 2;
  }
  return 0;
}
