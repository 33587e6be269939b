// SPDX-License-Identifier: MIT
#include "base/os/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aludel::os {

namespace {

// Everything that the child needs, made before the fork: between fork and exec it may not allocate.
struct Plan {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const std::vector<Process::Options::Mapping>& descriptors;
  std::vector<int>& moved;  // as many as descriptors
  int number_max;           // of all that the child keeps
  int failure_writer;
  int parent;
};

bool is_mapped(const Plan& plan, int number) {
  for (const auto& mapping : plan.descriptors) {
    if (mapping.number == number) return true;
  }
  return false;
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// First all away from the numbers that are to be filled, then each to its own.
bool arrange_descriptors(Plan& plan) {
  const int above = plan.number_max + 1;
  if ((plan.failure_writer = ::fcntl(plan.failure_writer, F_DUPFD_CLOEXEC, above)) < 0) return false;
  for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
    if ((plan.moved[i] = ::fcntl(plan.descriptors[i].own, F_DUPFD_CLOEXEC, above)) < 0) return false;
  }
  for (std::size_t i = 0; i < plan.descriptors.size(); ++i) {
    if (::dup2(plan.moved[i], plan.descriptors[i].number) < 0) return false;
  }
  for (int number = 0; number <= plan.number_max; ++number) {
    if (is_mapped(plan, number)) continue;
    ::close(number);
    if (number > STDERR_FILENO) continue;
    // The lowest free number is this one.
    if (::open("/dev/null", O_RDWR) != number) return false;
  }
  return ::close_range(static_cast<unsigned>(above), ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

[[noreturn]] void run_child(Plan& plan) {
  reset_signals();
  // The second look is for a parent that ended before the first took hold.
  const bool tied = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
  if (tied && ::getppid() != plan.parent) ::_exit(1);
  if (tied && ::setpgid(0, 0) == 0 && arrange_descriptors(plan))
    ::execve(plan.program, plan.arguments, plan.environment);
  const int error_number = errno;
  // If even this cannot be written, the parent sees the end of the pipe and then a child that failed.
  [[maybe_unused]] const auto written = ::write(plan.failure_writer, &error_number, sizeof error_number);
  ::_exit(127);
}

// The errno of a child that did not reach its program; 0 if it did.
int failure_of(const Descriptor& reader) {
  int error_number = 0;
  ssize_t size = 0;
  do {
    size = ::read(reader.number(), &error_number, sizeof error_number);
  } while (size < 0 && errno == EINTR);
  return size == sizeof error_number ? error_number : 0;
}

// As exec takes them; the texts stay the caller's.
std::vector<char*> with_null(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts)
    pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// With every signal blocked, so that no handler of this process runs in the child.
int fork_child(Plan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int pid = ::fork();
  if (pid == 0) run_child(plan);
  const int error_number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error_number;
  return pid;
}

ExitStatus reap(int pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  // What it leaves in its group, killed by now, comes to this process if that is the first of its container.
  while (::waitpid(-pid, nullptr, __WALL) > 0 || errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return "exited with status " + std::to_string(status);
  const char* words = ::sigdescr_np(signal);
  return "killed by signal " + std::to_string(signal) +
         (words == nullptr ? "" : " (" + std::string(words) + ")");
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("make a pipe", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Result<Process> Process::spawn(const Options& options) {
  const auto attempt = "start " + options.program.string();
  auto failure = make_pipe();
  if (!failure) return failure.error().within(attempt);

  auto arguments = with_null(options.arguments);
  arguments.insert(arguments.begin(), const_cast<char*>(options.program.c_str()));
  std::vector<char*> environment;
  if (options.environment) environment = with_null(*options.environment);
  int number_max = STDERR_FILENO;
  for (const auto& mapping : options.descriptors)
    number_max = std::max(number_max, mapping.number);
  std::vector<int> moved(options.descriptors.size());
  Plan plan{options.program.c_str(),
            arguments.data(),
            options.environment ? environment.data() : ::environ,
            options.descriptors,
            moved,
            number_max,
            failure->writer.number(),
            ::getpid()};

  const int pid = fork_child(plan);
  if (pid < 0) return os_error(attempt, errno);
  failure->writer = Descriptor();
  Process process(pid, Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
  if (!process.pidfd_.valid()) return os_error(attempt + ": open its pidfd", errno);
  if (const int error_number = failure_of(failure->reader); error_number != 0) {
    return os_error(attempt, error_number);
  }
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)), ended_(other.ended_) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(ended_, other.ended_);
  return *this;
}

Process::~Process() {
  if (pid_ == 0 || ended_) return;
  kill(SIGKILL);
  reap(pid_);
}

Result<std::optional<ExitStatus>> Process::wait(std::optional<std::chrono::milliseconds> timeout) {
  if (ended_) return ended_;
  const auto deadline = std::chrono::steady_clock::now() + timeout.value_or(std::chrono::milliseconds(0));
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd watched{pidfd(), POLLIN, 0};
    const int ready = ::poll(&watched, 1, timeout ? static_cast<int>(std::max(left.count(), {})) : -1);
    if (ready > 0) break;
    if (ready == 0) return std::optional<ExitStatus>();
    if (errno != EINTR) return os_error("wait for process " + std::to_string(pid_), errno);
  }
  // While the dead leader is not reaped, its number is taken by nobody else.
  kill(SIGKILL);
  ended_ = reap(pid_);
  return ended_;
}

std::optional<std::chrono::nanoseconds> Process::cpu_time() const {
  clockid_t clock{};
  timespec used{};
  if (ended_ || ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void Process::kill(int signal) {
  if (ended_) return;
  // The group may not be there yet, or its leader have left it.
  if (::kill(-pid_, signal) != 0) ::kill(pid_, signal);
}

}  // namespace aludel::os
