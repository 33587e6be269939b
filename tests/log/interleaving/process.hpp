// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

/// Processes that share memory, one step at a time. All that a process does follows from what its steps have
/// told it so far, so that is all there is to keep of it: to go one step further it runs from its beginning
/// on, is told the same again, makes the step, and is left where the next one would be. What it does besides,
/// such as mapping a file, it does again each time.
namespace aludel::interleaving {

struct Process {
  std::vector<std::uint64_t> told;  ///< by its steps and notes
  bool asleep = false;              ///< until another one wakes it
  bool over = false;

  [[nodiscard]] bool begun() const { return !told.empty(); }
};

/// A promise that does not hold.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a process does, from beginning to end.
using Body = std::function<void()>;
/// Whether a word will never have another value: to use it is no step.
using IsSettled = std::function<bool(const void*)>;

/// Takes a process one step further, with whatever it does between that and the next one.
/// @return what the step was; empty if the process was over without one
std::string go_on(Process& process, const Body& body, const IsSettled& is_settled);

// For what runs in a process.

using Effect = std::function<std::uint64_t()>;

/// Something that others see, or may come before. @param word that it is about; null: none
std::uint64_t step(const char* verb, const void* word, const Effect& effect);
/// What a test looks at or writes down, in one with the step that comes next.
std::uint64_t note_before(const Effect& effect);
/// The same, in one with the step before.
std::uint64_t note_behind(const Effect& effect);
/// Called in a step: there is no next one until the process is woken.
void fall_asleep();

/// Where in a page a word lies: each process maps the page elsewhere.
[[nodiscard]] std::size_t offset_in_page(const void* word);

}  // namespace aludel::interleaving
