// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// What this process, and all that it starts, may use from now on; never more than it could have had.
namespace aludel::os {

/// Bounds the memory that the process has for itself: what it allocates, and its threads' stacks. Files that
/// are mapped for reading, or shared, do not count. What is beyond cannot be allocated.
/// @param reserve beyond `bytes`, for `use_memory_reserve`
void limit_memory(std::uint64_t bytes, std::uint64_t reserve);
/// Lets the process use what was held back.
void use_memory_reserve();

/// Bounds the number of a descriptor, and so how many can be open.
void limit_open_files(std::uint32_t number);
[[nodiscard]] bool can_open_files();

/// No file of the dead process's memory. A program that the system pipes it to gets it all the same.
void leave_no_core();

/// Of this process, its first one among them.
[[nodiscard]] std::uint64_t thread_count();

}  // namespace aludel::os
