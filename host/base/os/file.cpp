// SPDX-License-Identifier: MIT
#include "base/os/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <limits.h>
#include <string>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <system_error>
#include <utility>

#include "base/os/descriptor.hpp"
#include "base/os/mapped_memory.hpp"

namespace aludel::os {

namespace {

FileStatus status_of(const struct stat& about) {
  const auto modified =
      std::chrono::seconds(about.st_mtim.tv_sec) + std::chrono::nanoseconds(about.st_mtim.tv_nsec);
  return {about.st_dev, about.st_ino, static_cast<std::uint64_t>(about.st_size), modified.count()};
}

class RealMapping final : public Mapping {
 public:
  explicit RealMapping(MappedMemory memory) : memory_(std::move(memory)) {}

  [[nodiscard]] const std::byte* data() const override {
    return static_cast<const std::byte*>(memory_.data());
  }
  [[nodiscard]] std::size_t size() const override { return memory_.size(); }
  [[nodiscard]] std::optional<std::size_t> lost_from() const override { return memory_.lost_from(); }

 private:
  MappedMemory memory_;
};

// The part of a vectored write that is still to be done, in what one system call takes.
class PendingParts {
 public:
  explicit PendingParts(std::span<const std::string_view> parts) : parts_(parts) { skip(0); }

  [[nodiscard]] bool done() const { return parts_.empty(); }

  std::span<const iovec> next() {
    const auto count = std::min(parts_.size(), vector_.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto part = i == 0 ? parts_[0].substr(written_) : parts_[i];
      vector_[i] = {const_cast<char*>(part.data()), part.size()};
    }
    return {vector_.data(), count};
  }

  void skip(std::size_t bytes) {
    written_ += bytes;
    while (!parts_.empty() && written_ >= parts_[0].size()) {
      written_ -= parts_[0].size();
      parts_ = parts_.subspan(1);
    }
  }

 private:
  std::span<const std::string_view> parts_;
  std::size_t written_ = 0;  // of parts_[0]
  std::array<iovec, IOV_MAX> vector_;
};

class RealFile final : public File {
 public:
  RealFile(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const auto n = ::pread(file_.number(), buffer.data() + done, buffer.size() - done,
                             static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed("read", offset + done);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::string_view> parts) override {
    for (PendingParts pending(parts); !pending.done();) {
      const auto vector = pending.next();
      const auto n = ::pwritev(file_.number(), vector.data(), static_cast<int>(vector.size()),
                               static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed("write", offset);
      offset += static_cast<std::uint64_t>(n);
      pending.skip(static_cast<std::size_t>(n));
    }
    return {};
  }

  Result<void> sync_data() override {
    // Not repeated after EINTR: what a failed sync has left undone cannot be known.
    if (::fdatasync(file_.number()) != 0) return os_error("sync " + path_, errno);
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    while (::ftruncate(file_.number(), static_cast<off_t>(size)) != 0) {
      if (errno != EINTR) return os_error("cut " + path_ + " at " + std::to_string(size), errno);
    }
    return {};
  }

  Result<std::uint64_t> size() override {
    const auto now = status();
    if (!now) return now.error();
    return now->size;
  }

  Result<FileStatus> status() override {
    struct stat about {};
    if (::fstat(file_.number(), &about) != 0) return os_error("look at " + path_, errno);
    return status_of(about);
  }

  Result<std::unique_ptr<Mapping>> map(std::size_t size) override {
    auto memory = MappedMemory::map(file_.number(), size, MappedMemory::Access::read, path_);
    if (!memory) return memory.error();
    return std::make_unique<RealMapping>(std::move(*memory));
  }

 private:
  [[nodiscard]] Error failed(std::string_view what, std::uint64_t offset) const {
    const int error_number = errno;
    return os_error(std::string(what) + " " + path_ + " at " + std::to_string(offset), error_number);
  }

  Descriptor file_;
  std::string path_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read: return O_RDONLY | O_CLOEXEC;
    case OpenMode::read_write: return O_RDWR | O_CLOEXEC;
    case OpenMode::create_new: break;
  }
  return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
}

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override {
    Descriptor file(::open(path.c_str(), flags_of(mode), 0644));
    if (!file.valid()) return os_error("open " + path.string(), errno);
    return std::make_unique<RealFile>(std::move(file), path.string());
  }

  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      return os_error("rename " + from.string() + " to " + to.string(), errno);
    }
    return {};
  }

  Result<void> remove(const std::filesystem::path& path) override {
    if (::unlink(path.c_str()) != 0) return os_error("remove " + path.string(), errno);
    return {};
  }

  Result<void> link(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) != 0)
      return os_error("link " + from.string() + " to " + to.string(), errno);
    return {};
  }

  Result<FileStatus> status(const std::filesystem::path& path) override {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return os_error("look at " + path.string(), errno);
    return status_of(about);
  }

  Result<bool> create_directory(const std::filesystem::path& path) override {
    if (::mkdir(path.c_str(), S_IRWXU) == 0) return true;
    const int error_number = errno;
    std::error_code ignored;
    if (error_number == EEXIST && std::filesystem::is_directory(path, ignored)) return false;
    return os_error("make folder " + path.string(), error_number);
  }

  Result<void> sync_directory(const std::filesystem::path& path) override {
    const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.valid()) return os_error("open folder " + path.string(), errno);
    if (::fsync(folder.number()) != 0) return os_error("sync folder " + path.string(), errno);
    return {};
  }

  Result<std::uint64_t> free_space(const std::filesystem::path& path) override {
    struct statvfs about {};
    if (::statvfs(path.c_str(), &about) != 0) return os_error("look at the space of " + path.string(), errno);
    return std::uint64_t{about.f_bavail} * about.f_frsize;
  }

  Result<std::vector<std::string>> list(const std::filesystem::path& path) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(path, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return os_error("list folder " + path.string(), error.value());
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

Result<void> FileSystem::create_directories(const std::filesystem::path& path) {
  auto made = create_directory(path);
  const auto parent = path.parent_path();
  if (!made && made.error().code == ErrorCode::not_found && !parent.empty() && parent != path) {
    if (auto ok = create_directories(parent); !ok) return ok;
    made = create_directory(path);
  }
  if (!made) return made.error();
  if (!*made) return {};
  if (auto ok = sync_directory(path / ".."); !ok) return ok;
  // The folder above may be one whose maker was killed before it had synced the entry. Whoever may not read
  // what holds it has not made it.
  auto ok = sync_directory(path / ".." / "..");
  if (!ok && ok.error().code == ErrorCode::denied) return {};
  return ok;
}

Result<void> FileSystem::link(const std::filesystem::path& from, const std::filesystem::path& to) {
  return os_error("link " + from.string() + " to " + to.string(), EOPNOTSUPP);
}

Result<void> copy_file(FileSystem& files, const std::filesystem::path& from, const std::filesystem::path& to,
                       std::uint64_t size, const BytesDone& done) {
  constexpr std::size_t portion_max = 1 << 20;
  const auto source = files.open(from, OpenMode::read);
  if (!source) return source.error();
  const auto target = files.open(to, OpenMode::create_new);
  if (!target) return target.error();
  std::vector<char> portion(std::min<std::uint64_t>(size, portion_max));
  for (std::uint64_t offset = 0; offset < size;) {
    const auto wanted = std::min<std::uint64_t>(size - offset, portion.size());
    const auto got = (*source)->read_at(offset, std::as_writable_bytes(std::span(portion).first(wanted)));
    if (!got) return got.error();
    if (*got < wanted) {
      return Error(ErrorCode::corrupt, "copy " + from.string() + " to " + to.string() + ": it ends at " +
                                           std::to_string(offset + *got) + ", before " +
                                           std::to_string(size) + ": look for who has cut it");
    }
    const std::string_view bytes(portion.data(), wanted);
    if (auto written = (*target)->write_at(offset, {&bytes, 1}); !written) return written;
    offset += wanted;
    done(wanted);
  }
  return (*target)->sync_data();
}

Result<bool> is_there(const std::filesystem::path& path) {
  std::error_code failure;
  const auto status = std::filesystem::symlink_status(path, failure);
  if (status.type() == std::filesystem::file_type::none)
    return os_error("look at " + path.string(), failure.value());
  return std::filesystem::exists(status);
}

Result<void> remove_tree(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) return os_error("remove " + path.string(), failure.value());
  return {};
}

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

}  // namespace aludel::os
