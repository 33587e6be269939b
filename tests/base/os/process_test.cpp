// SPDX-License-Identifier: MIT
#include "base/os/process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "support/forked.hpp"
#include "support/result_printing.hpp"

namespace aludel::os {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds limit{20'000};

std::string read_all(const Descriptor& reader) {
  std::string text;
  char buffer[256];
  for (ssize_t size = 0; (size = ::read(reader.number(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

Process must_spawn(const std::string& script, std::vector<Process::Options::Mapping> descriptors = {}) {
  auto process = Process::spawn({"/bin/sh", {"-c", script}, std::move(descriptors)});
  REQUIRE(process);
  return std::move(*process);
}

ExitStatus must_end(Process& process) {
  const auto ended = process.wait(limit);
  REQUIRE(ended);
  REQUIRE(ended->has_value());
  return **ended;
}

// What a script prints to descriptor `number`.
std::string output_of(const std::string& script, int number = 1) {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  auto process = must_spawn(script, {{number, pipe->writer.number()}});
  pipe->writer = Descriptor();
  auto text = read_all(pipe->reader);
  must_end(process);
  return text;
}

}  // namespace

TEST_CASE("a process ends as it ended, in words") {
  auto good = must_spawn("exit 0");
  CHECK(must_end(good).succeeded());
  auto bad = must_spawn("exit 3");
  CHECK(must_end(bad).describe() == "exited with status 3");
  auto shot = must_spawn("kill -SEGV $$");
  CHECK(must_end(shot).describe() == "killed by signal 11 (Segmentation fault)");
  CHECK(must_end(shot).describe() == "killed by signal 11 (Segmentation fault)");
}

TEST_CASE("a program that cannot be started is an error that names it, and leaves no child") {
  const auto missing = Process::spawn({"/nowhere/program", {}, {}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
  CHECK(missing.error().message == "start /nowhere/program: No such file or directory");
  const auto folder = Process::spawn({"/tmp", {}, {}});
  REQUIRE_FALSE(folder);
  CHECK(folder.error().code == ErrorCode::denied);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a child gets the descriptors that it was given, at their numbers, and no other") {
  const Descriptor leaked(::open("/dev/null", O_RDONLY));
  CHECK(output_of("echo here >&5", 5) == "here\n");
  CHECK(output_of("ls /proc/self/fd | tr '\\n' ' '") == "0 1 2 3 ");  // 3 is what ls itself opened
  CHECK(output_of("readlink /proc/$$/fd/0 /proc/$$/fd/2") == "/dev/null\n/dev/null\n");
}

TEST_CASE("descriptors may change places on their way to the child") {
  auto first = make_pipe();
  auto second = make_pipe();
  REQUIRE(first);
  REQUIRE(second);
  const int a = first->writer.number();
  const int b = second->writer.number();
  auto process =
      must_spawn("echo to-b >&" + std::to_string(a) + "; echo to-a >&" + std::to_string(b), {{a, b}, {b, a}});
  first->writer = Descriptor();
  second->writer = Descriptor();
  CHECK(read_all(first->reader) == "to-a\n");
  CHECK(read_all(second->reader) == "to-b\n");
  must_end(process);
}

TEST_CASE("a child blocks and ignores no signal, and leads its own group") {
  sigset_t one;
  sigset_t before;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &one, &before);
  const auto was = ::signal(SIGPIPE, SIG_IGN);
  const auto masks = output_of("grep -E '^Sig(Blk|Ign)' /proc/self/status");
  ::signal(SIGPIPE, was);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(masks == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");

  auto process = must_spawn("read line", {});
  CHECK(::getpgid(process.pid()) == process.pid());
}

TEST_CASE("a wait ends with its time, and a kill ends the process with its group") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  // The child's child holds the pipe: only its end closes it.
  auto process = must_spawn("sleep 1000 & echo up; wait", {{1, pipe->writer.number()}});
  pipe->writer = Descriptor();
  char up[3];
  REQUIRE(::read(pipe->reader.number(), up, 3) == 3);
  const auto waited = process.wait(milliseconds(1));
  REQUIRE(waited);
  CHECK_FALSE(waited->has_value());
  process.kill(SIGTERM);
  CHECK(must_end(process).signal == SIGTERM);
  CHECK(read_all(pipe->reader).empty());
}

TEST_CASE("what a process leaves in its group is killed at its end") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  auto process = must_spawn("sleep 1000 &", {{1, pipe->writer.number()}});
  pipe->writer = Descriptor();
  must_end(process);
  CHECK(read_all(pipe->reader).empty());
}

TEST_CASE("what comes to the first process of a container is waited for with its group") {
  const auto work = [] {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
    auto process = Process::spawn({"/bin/sh", {"-c", "sleep 1000 & sleep 1000 &"}, {}});
    if (!process || !process->wait(limit)) return 2;
    return ::waitpid(-1, nullptr, __WALL) < 0 && errno == ECHILD ? 0 : 3;
  };
  CHECK(in_a_process(work) == 0);
}

TEST_CASE("a process that is let go is killed") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  { auto process = must_spawn("sleep 1000", {{1, pipe->writer.number()}}); }
  pipe->writer = Descriptor();
  CHECK(read_all(pipe->reader).empty());
}

TEST_CASE("a child ends with its parent") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  const int parent = ::fork();
  if (parent == 0) {
    auto process =
        Process::spawn({"/bin/sh", {"-c", "echo up; exec sleep 1000"}, {{1, pipe->writer.number()}}});
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  pipe->writer = Descriptor();
  char up[3];
  CHECK(::read(pipe->reader.number(), up, 3) == 3);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(read_all(pipe->reader).empty());
}

}  // namespace aludel::os
