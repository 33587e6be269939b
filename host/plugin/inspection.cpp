// SPDX-License-Identifier: MIT
#include "plugin/inspection.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <poll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/os/process.hpp"
#include "plugin/description_json.hpp"
#include "plugin/refusal.hpp"
#include "plugin/sandbox.hpp"

namespace aludel {

namespace {

using Clock = std::chrono::steady_clock;

enum class ReadEnd { all, timed_out, too_much };

std::chrono::milliseconds until(Clock::time_point deadline) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()),
                  std::chrono::milliseconds(0));
}

// Reads up to the end of the pipe or, if something else still holds it open, to that of the child.
ReadEnd read_output(int pipe, int pidfd, Clock::time_point deadline, std::string& output) {
  for (;;) {
    pollfd watched[] = {{pipe, POLLIN, 0}, {pidfd, POLLIN, 0}};
    const int ready = ::poll(watched, 2, static_cast<int>(until(deadline).count()));
    if (ready == 0) return ReadEnd::timed_out;
    if (ready < 0) continue;  // EINTR
    if (watched[0].revents == 0) return ReadEnd::all;
    char buffer[16 * limits::KiB];
    const auto size = ::read(pipe, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return ReadEnd::all;
    output.append(buffer, static_cast<std::size_t>(size));
    if (output.size() > limits::inspection_output_max) return ReadEnd::too_much;
  }
}

}  // namespace

Result<LibraryDescription> inspect(const std::filesystem::path& file, const std::filesystem::path& inspector,
                                   std::chrono::milliseconds time_max) {
  const auto deadline = Clock::now() + time_max;
  auto pipe = os::make_pipe();
  if (!pipe) return pipe.error().within("inspect " + file.string());
  auto child = os::Process::spawn({inspector,
                                   {inspection_command, file.string()},
                                   {{inspection_descriptor, pipe->writer.number()}},
                                   child_environment({})});
  if (!child) return child.error().within("inspect " + file.string());
  pipe->writer = os::Descriptor();

  std::string output;
  const auto end = read_output(pipe->reader.number(), child->pidfd(), deadline, output);
  if (end == ReadEnd::too_much) {
    return refusal::error(
        file, refusal::misshapen_struct,
        "it describes itself in over " + std::to_string(limits::inspection_output_max) + " bytes");
  }
  const auto status = child->wait(until(deadline));
  if (!status) return status.error().within("inspect " + file.string());
  if (end == ReadEnd::timed_out || !*status) {
    return refusal::error(file, refusal::timed_out,
                          "loading it took over " + std::to_string(time_max.count()) +
                              " ms: its constructors or aludel_plugin_v1 hang");
  }
  if ((*status)->succeeded()) {
    if (auto found = inspection_from_json(output)) {
      if (*found) (*found)->path = file;
      return std::move(*found);
    }
  }
  return refusal::error(file, refusal::crashed,
                        "loading it ended the inspecting process, which " +
                            std::string((*status)->signal == 0 ? "" : "was ") + (*status)->describe() +
                            ": its constructors or aludel_plugin_v1 are at fault");
}

std::vector<Result<LibraryDescription>> inspect_all(const std::vector<std::filesystem::path>& files,
                                                    const TrustPolicy& trust,
                                                    const std::filesystem::path& inspector,
                                                    std::chrono::milliseconds time_max) {
  std::vector<Result<LibraryDescription>> found(files.size(), Error());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < files.size(); i = next++) {
      const auto trusted = check_trust(files[i], trust);
      found[i] = trusted ? inspect(files[i], inspector, time_max) : trusted.error();
    }
  };
  // A child ends with the thread that started it, and each of these stays for its own.
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < std::min(files.size(), limits::inspections_max))
      others.emplace_back(work);
  } catch (const std::system_error&) {
    // No more threads are to be had: those that are there do it all.
  }
  work();
  for (auto& other : others)
    other.join();
  return found;
}

}  // namespace aludel
