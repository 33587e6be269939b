// SPDX-License-Identifier: MIT
#include "base/os/call_filter.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <linux/audit.h>
#include <linux/seccomp.h>

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
  void load_number() { load(offsetof(seccomp_data, nr)); }
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

// Skipped by calls of another number; left with the number loaded by those that a test does not hold for.
void write(Writer& out, const CallRule& rule, const Verdicts& verdicts) {
  std::size_t rest = 1;  // instructions up to the answer, and with it
  for (const auto& test : rule.when)
    rest += size_of(test);
  const std::size_t reload = rule.when.empty() ? 0 : 1;
  out.test(BPF_JEQ, static_cast<std::uint32_t>(rule.number), 0, rest + reload);
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
  if (reload != 0) out.load_number();
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
// them: what is called often costs nothing, wherever in the list it would come.
std::vector<sock_filter> compile(const std::vector<CallRule>& rules, long newest, const Verdicts& verdicts) {
  Writer out;
  out.load(offsetof(seccomp_data, arch));
  out.test(BPF_JEQ, architecture, 1, 0);
  out.answer(failing_with(ENOSYS));
  out.load_number();
  out.test(BPF_JGT, static_cast<std::uint32_t>(newest), 0, 1);
  out.answer(failing_with(ENOSYS));
  for (const auto& rule : rules)
    write(out, rule, verdicts);
  out.answer(SECCOMP_RET_ALLOW);
  return out.take();
}

}  // namespace aludel::os
