// SPDX-License-Identifier: MIT
#include "base/os/call_filter.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <utility>

namespace aludel::os {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#else
#error "give this architecture's AUDIT_ARCH_ constant, and look through the calls that only it has"
#endif
static_assert(std::endian::native == std::endian::little, "the lower half of an argument comes first");

constexpr std::uint32_t every_bit = ~std::uint32_t{0};

std::uint32_t failing_with(int error_number) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error_number);
}

std::uint32_t verdict_of(Ruling ruling, const Verdicts& verdicts) {
  switch (ruling) {
    case Ruling::refused: return verdicts.refused;
    case Ruling::refused_quietly: return failing_with(EPERM);
    case Ruling::absent: return failing_with(ENOSYS);
    case Ruling::watched: return verdicts.watched;
  }
  return failing_with(EPERM);
}

bool holds(const ArgumentTest& test, const Arguments& arguments) {
  const auto lower = static_cast<std::uint32_t>(arguments[static_cast<std::size_t>(test.argument)]);
  return ((lower & test.mask) == test.value) == test.is_equal;
}

// One instruction after the other.
class Writer {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  void load_lower(int argument) {
    load(offsetof(seccomp_data, args) + static_cast<std::size_t>(argument) * sizeof(std::uint64_t));
  }
  void mask(std::uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits); }
  void answer(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  // Jumps over as many instructions, by whether it is so.
  void test(std::uint16_t comparison, std::uint32_t value, std::size_t if_so, std::size_t if_not) {
    program_.push_back({static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K),
                        static_cast<std::uint8_t>(if_so), static_cast<std::uint8_t>(if_not), value});
  }
  [[nodiscard]] std::vector<sock_filter> take() { return std::move(program_); }

 private:
  void add(int code, std::uint32_t value) {
    program_.push_back({static_cast<std::uint16_t>(code), 0, 0, value});
  }

  std::vector<sock_filter> program_;
};

std::size_t size_of(const ArgumentTest& test) {
  return test.mask == every_bit ? 2 : 3;
}

std::size_t size_of(const CallRule& rule) {
  std::size_t size = 1;
  for (const auto& test : rule.when)
    size += size_of(test);
  return size;
}

// Left by those that a test does not hold for.
void write(Writer& out, const CallRule& rule, const Verdicts& verdicts) {
  auto rest = size_of(rule);
  for (const auto& test : rule.when) {
    rest -= size_of(test);
    out.load_lower(test.argument);
    if (test.mask != every_bit) out.mask(test.mask);
    if (test.is_equal) {
      out.test(BPF_JEQ, test.value, 0, rest);
    } else {
      out.test(BPF_JEQ, test.value, rest, 0);
    }
  }
  out.answer(verdict_of(rule.ruling, verdicts));
}

using Rules = std::vector<const CallRule*>;

// All of one call, which is allowed if none of them says otherwise; skipped by other calls.
void write(Writer& out, const Rules& of_one_call, const Verdicts& verdicts) {
  std::size_t size = 1;
  for (const auto* rule : of_one_call)
    size += size_of(*rule);
  out.test(BPF_JEQ, static_cast<std::uint32_t>(of_one_call[0]->number), 0, size);
  for (const auto* rule : of_one_call)
    write(out, *rule, verdicts);
  out.answer(SECCOMP_RET_ALLOW);
}

// In the order of each call's first rule.
std::vector<Rules> by_call(const std::vector<CallRule>& rules) {
  std::vector<Rules> calls;
  for (const auto& rule : rules) {
    const auto is_it = [&](const Rules& call) { return call[0]->number == rule.number; };
    const auto found = std::find_if(calls.begin(), calls.end(), is_it);
    if (found == calls.end()) {
      calls.push_back({&rule});
    } else {
      found->push_back(&rule);
    }
  }
  return calls;
}

}  // namespace

const CallRule* ruling_rule(const std::vector<CallRule>& rules, long number, const Arguments& arguments) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const CallRule& rule) {
    return rule.number == number && std::all_of(rule.when.begin(), rule.when.end(),
                                                [&](const auto& test) { return holds(test, arguments); });
  });
  return found == rules.end() ? nullptr : &*found;
}

// The kernel remembers which calls are allowed whatever their arguments are, and does not run the program for
// them: what is called often costs nothing, wherever in the list it would come. Where it depends on them,
// what comes first in the list costs least.
std::vector<sock_filter> compile(const std::vector<CallRule>& rules, long newest, const Verdicts& verdicts) {
  Writer out;
  out.load(offsetof(seccomp_data, arch));
  out.test(BPF_JEQ, architecture, 1, 0);
  out.answer(failing_with(ENOSYS));
  out.load(offsetof(seccomp_data, nr));
  out.test(BPF_JGT, static_cast<std::uint32_t>(newest), 0, 1);
  out.answer(failing_with(ENOSYS));
  for (const auto& call : by_call(rules))
    write(out, call, verdicts);
  out.answer(SECCOMP_RET_ALLOW);
  return out.take();
}

}  // namespace aludel::os
