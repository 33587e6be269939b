// SPDX-License-Identifier: MIT
#include "base/os/call_filter.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <doctest/doctest.h>

namespace aludel::os {
namespace {

constexpr Verdicts verdicts{SECCOMP_RET_USER_NOTIF, SECCOMP_RET_LOG};
constexpr long newest = 400;
constexpr std::uint32_t absent = SECCOMP_RET_ERRNO | ENOSYS;
#if defined(__x86_64__)
constexpr std::uint32_t here = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t here = AUDIT_ARCH_AARCH64;
#endif

// As the kernel runs the few instructions that are used.
std::uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& [code, if_so, if_not, value] = program[at];
    switch (code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + value, sizeof accumulator);
        break;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= value; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += accumulator == value ? if_so : if_not; break;
      case BPF_JMP | BPF_JGT | BPF_K: at += accumulator > value ? if_so : if_not; break;
      case BPF_RET | BPF_K: return value;
      default: FAIL("an instruction of another kind");
    }
  }
  FAIL("the program runs over its end");
  return 0;
}

seccomp_data call(long number, const Arguments& arguments = {}, std::uint32_t architecture = here) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = architecture;
  std::memcpy(data.args, arguments.data(), sizeof data.args);
  return data;
}

std::vector<CallRule> every_kind() {
  return {
      {7, "by two arguments", Ruling::refused, {{0, ~0U, 5, false}, {2, 0xf0, 0x30, true}}},
      {7, "by one", Ruling::absent, {{1, 3, 0, false}}},
      {9, "ever", Ruling::refused_quietly},
      {3, "watched", Ruling::watched, {}, 0},
      {7, "by none", Ruling::watched, {{5, ~0U, 1, true}}},
  };
}

}  // namespace

TEST_CASE("the first rule that says something of a call rules it, and others are allowed") {
  const auto rules = every_kind();
  const auto program = compile(rules, newest, verdicts);
  const auto verdict = [&](long number, const Arguments& arguments = {}) {
    return run(program, call(number, arguments));
  };
  CHECK(verdict(3) == SECCOMP_RET_LOG);
  CHECK(verdict(4) == SECCOMP_RET_ALLOW);
  CHECK(verdict(9) == (SECCOMP_RET_ERRNO | EPERM));
  CHECK(verdict(7, {0, 0, 0x3f}) == SECCOMP_RET_USER_NOTIF);
  CHECK(verdict(7, {5, 0, 0x3f}) == SECCOMP_RET_ALLOW);
  CHECK(verdict(7, {5, 2, 0x3f}) == absent);
  CHECK(verdict(7, {0, 4, 0x2f, 0, 0, 1}) == SECCOMP_RET_LOG);
  REQUIRE(ruling_rule(rules, 7, {0, 0, 0x3f}) != nullptr);
  CHECK(ruling_rule(rules, 7, {0, 0, 0x3f})->name == "by two arguments");
  CHECK(ruling_rule(rules, 4, {}) == nullptr);
}

TEST_CASE("only the lower half of an argument counts, as it does for the call") {
  const auto program = compile(every_kind(), newest, verdicts);
  constexpr std::uint64_t upper = std::uint64_t{1} << 32;
  CHECK(run(program, call(7, {upper | 5, 2})) == absent);
  CHECK(run(program, call(7, {5, upper * 2})) == SECCOMP_RET_ALLOW);
}

TEST_CASE("calls that nobody has judged are absent: newer ones, and another architecture's") {
  const auto program = compile({}, newest, verdicts);
  CHECK(run(program, call(newest)) == SECCOMP_RET_ALLOW);
  CHECK(run(program, call(newest + 1)) == absent);
  CHECK(run(program, call(0x40000000)) == absent);  // x32's numbers
  CHECK(run(program, call(-1)) == absent);
  CHECK(run(program, call(4, {}, AUDIT_ARCH_I386)) == absent);
}

TEST_CASE("the program decides as the rules do, whatever the arguments are") {
  const auto rules = every_kind();
  const auto program = compile(rules, newest, verdicts);
  const std::uint64_t values[] = {0, 1, 2, 5, 0x30, 0x3f};
  std::size_t ruled = 0;
  for (long number = 0; number < 12; ++number) {
    for (const auto a : values) {
      for (const auto b : values) {
        for (const auto c : values) {
          const Arguments arguments{a, b, c, 0, 0, a};
          const auto* rule = ruling_rule(rules, number, arguments);
          ruled += rule != nullptr ? 1 : 0;
          CHECK((run(program, call(number, arguments)) == SECCOMP_RET_ALLOW) == (rule == nullptr));
        }
      }
    }
  }
  CHECK(ruled > 500);
}

}  // namespace aludel::os
