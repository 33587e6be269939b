// SPDX-License-Identifier: MIT
#include "process.hpp"

#include "base/os/shared_page.hpp"

namespace aludel::interleaving {

namespace {

/// Thrown in the place of a step that is not to be made yet.
struct Left {};

// Of the process that runs. What it calls has no place for a pointer of ours.
Process* running = nullptr;
const IsSettled* settled = nullptr;
std::size_t told_again = 0;  // of what it was told
std::string made;            // the step; empty: none yet

std::uint64_t tell(const Effect& effect, bool now) {
  if (told_again == running->told.size()) {
    if (!now) throw Left();
    running->told.push_back(effect());
  }
  return running->told[told_again++];
}

}  // namespace

std::string go_on(Process& process, const Body& body, const IsSettled& is_settled) {
  running = &process;
  settled = &is_settled;
  told_again = 0;
  made.clear();
  try {
    body();
    process.over = true;
  } catch (const Left&) {
  }
  return made;
}

std::uint64_t step(const char* verb, const void* word, const Effect& effect) {
  if (word != nullptr && (*settled)(word)) return note_behind(effect);
  return tell(
      [&] {
        made = verb;
        if (word != nullptr) made += " word " + std::to_string(offset_in_page(word));
        return effect();
      },
      made.empty());
}

std::uint64_t note_before(const Effect& effect) {
  return tell(effect, made.empty());
}

std::uint64_t note_behind(const Effect& effect) {
  return tell(effect, !running->asleep);
}

void fall_asleep() {
  running->asleep = true;
}

std::size_t offset_in_page(const void* word) {
  return reinterpret_cast<std::uintptr_t>(word) % os::SharedPage::size;
}

}  // namespace aludel::interleaving
