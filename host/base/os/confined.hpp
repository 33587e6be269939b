// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <functional>

#include "base/result.hpp"

namespace aludel::os {

/// Does `work` on a thread of its own that can change nothing but what is in `folder`, and waits for it: for
/// what is done to files that somebody else may have prepared, to have others written or removed by it.
/// Where the kernel has no Landlock, nothing keeps a plugin from these files itself: there `work` is just
/// done.
/// @return why the thread could not be confined: then nothing was done
[[nodiscard]] Result<void> do_confined(const std::filesystem::path& folder,
                                       const std::function<void()>& work);

}  // namespace aludel::os
