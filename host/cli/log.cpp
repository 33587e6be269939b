// SPDX-License-Identifier: MIT
#include <cerrno>
#include <cstdio>

#include "base/cloudevents.hpp"
#include "cli/commands.hpp"
#include "log/segment_reader.hpp"
#include "runtime/config.hpp"
#include "runtime/installation.hpp"

namespace aludel {

namespace {

// Prints what a walk over the log meets, until it has printed enough.
class Printer {
 public:
  Printer(const LogOptions& options, std::uint64_t from) : options_(options), next_(from) {
    if (!options.type.empty()) type_ = parse_subscription(options.type);
    if (options.limit) left_ = *options.limit;
  }

  [[nodiscard]] bool done() const { return left_ == 0 || (options_.to && next_ > *options_.to); }

  Result<void> print(BlockCursor& blocks, const Block& block) {
    if (holds_wanted(block)) {
      if (auto checked = blocks.check_body(); !checked) return checked;
      Event event;
      for (auto events = block.events(next_); !done() && events.next(event);)
        print(event);
    }
    if (auto read = blocks.check_read(); !read) return read;
    next_ = std::max(next_, block.end_id());
    return flush();
  }

 private:
  [[nodiscard]] bool holds_wanted(const Block& block) const {
    if (!type_) return true;
    for (const auto type : block.types()) {
      if (type_->matches(type.name)) return true;
    }
    return false;
  }

  void print(const Event& event) {
    next_ = event.id + 1;
    if (options_.to && event.id > *options_.to) return;
    if (type_ && !type_->matches(event.type)) return;
    if (options_.key && event.key != *options_.key) return;
    writer_.append(out_, event);
    out_ += '\n';
    --left_;
  }

  Result<void> flush() {
    if (out_.empty()) return {};
    const bool written =
        std::fwrite(out_.data(), 1, out_.size(), stdout) == out_.size() && std::fflush(stdout) == 0;
    out_.clear();
    if (!written) return os_error("write to the standard output", errno);
    return {};
  }

  const LogOptions& options_;
  std::optional<Subscription> type_;
  std::uint64_t next_;
  std::uint64_t left_ = UINT64_MAX;
  CloudEventWriter writer_;
  std::string out_;
};

Result<void> check(const LogOptions& options) {
  if (options.to && options.from && *options.from > *options.to) {
    return Error(ErrorCode::invalid, "--from " + std::to_string(*options.from) + " lies beyond --to " +
                                         std::to_string(*options.to) + ": nothing is between them");
  }
  const auto star = options.type.find('*');
  if (star < options.type.size() - 1 && !options.type.empty()) {
    return Error(ErrorCode::invalid, "--type \"" + options.type +
                                         "\": a star stands at the end only, where it makes a prefix: x*");
  }
  return {};
}

Result<void> print_to_tip(BlockCursor& blocks, Printer& printer) {
  while (!printer.done()) {
    const auto block = blocks.next();
    if (!block) return block.error();
    if (*block == nullptr) return {};
    if (auto printed = printer.print(blocks, **block); !printed) return printed;
    blocks.release();
  }
  return {};
}

}  // namespace

Result<int> log_command(const Globals& globals, const LogOptions& options) {
  if (auto checked = check(options); !checked) return checked.error();
  const auto installation = load_installation(globals.data, globals.config);
  if (!installation) return installation.error();
  auto reader = SegmentReader::open(os::real_file_system(), installation->data.log());
  if (!reader) return reader.error();
  const auto from = options.from ? Result<std::uint64_t>(*options.from) : (*reader)->first();
  if (!from) return from.error();
  auto blocks = (*reader)->read_from(*from, Check::directory);
  if (!blocks) return blocks.error();
  Printer printer(options, *from);
  const Interrupt never;
  for (;;) {
    const auto seen = (*reader)->tip();
    if (auto printed = print_to_tip(**blocks, printer); !printed) return printed.error();
    if (!options.follow || printer.done()) return 0;
    if (auto waited = (*reader)->wait(seen, never, std::nullopt); !waited) return waited.error();
  }
}

}  // namespace aludel
