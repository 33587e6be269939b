// SPDX-License-Identifier: MIT
/// @file instance.hpp
/// Between the ABI's functions and a handler's members. Nothing is thrown across.
#pragma once

#include <algorithm>
#include <aludel/cpp/call.hpp>
#include <aludel/cpp/config.hpp>
#include <aludel/cpp/subscription.hpp>
#include <memory>
#include <new>

namespace aludel {
inline namespace v1 {
namespace detail {

// What of its optional members a handler has. `has_x` tells whether it can be called; a member of that name
// that cannot is a mistake that must not pass for an absent one.
#define ALUDEL_DETECT_MEMBER(member, ...)                                                                    \
  template <typename H, typename = void>                                                                     \
  struct has_##member : std::false_type {};                                                                  \
  template <typename H>                                                                                      \
  struct has_##member<H, std::void_t<decltype(std::declval<H&>().member(__VA_ARGS__))>> : std::true_type {}; \
  template <typename H, typename = void>                                                                     \
  struct names_##member : std::false_type {};                                                                \
  template <typename H>                                                                                      \
  struct names_##member<H, std::void_t<decltype(&H::member)>> : std::true_type {};

ALUDEL_DETECT_MEMBER(handle, std::declval<Call&>(), std::declval<const Event&>())
ALUDEL_DETECT_MEMBER(migrate, std::declval<Call&>(), std::uint32_t{}, std::uint32_t{})
ALUDEL_DETECT_MEMBER(start, std::declval<Call&>())
ALUDEL_DETECT_MEMBER(validate, std::declval<Call&>(), std::declval<const Event&>())
ALUDEL_DETECT_MEMBER(flush, std::declval<Call&>())
ALUDEL_DETECT_MEMBER(rolled_back, std::declval<Call&>(), std::uint64_t{})
ALUDEL_DETECT_MEMBER(on_error, std::declval<Call&>(), std::declval<const Event&>(),
                     std::declval<const Failure&>())
ALUDEL_DETECT_MEMBER(stop, std::declval<Call&>())
#undef ALUDEL_DETECT_MEMBER

template <typename H, typename = void>
struct has_migrations : std::false_type {};
template <typename H>
struct has_migrations<H, std::void_t<decltype(std::size(H::migrations))>> : std::true_type {};

/// Whether each instance has migrations of its own, which only its constructor knows.
template <typename H, typename = void>
struct has_own_migrations : std::false_type {};
template <typename H>
struct has_own_migrations<H, std::void_t<decltype(&H::migrations)>>
    : std::is_member_object_pointer<decltype(&H::migrations)> {};

template <typename H, typename = void>
struct has_subscriptions : std::false_type {};
template <typename H>
struct has_subscriptions<H, std::void_t<decltype(&H::subscriptions)>> : std::true_type {};
template <typename H>
constexpr bool subscribes_well() noexcept {
  if constexpr (has_subscriptions<H>::value)
    return std::is_same_v<decltype(&H::subscriptions), std::vector<Subscription> H::*>;
  return true;
}

/// 0 if an instance says it by itself.
template <typename H>
constexpr std::uint32_t projection_version() noexcept {
  if constexpr (has_migrations<H>::value && !has_own_migrations<H>::value)
    return static_cast<std::uint32_t>(std::size(H::migrations));
  else if constexpr (has_migrate<H>::value)
    return H::projection_version;
  else
    return 0;
}

template <typename H>
constexpr void check_members() noexcept {
  static_assert(std::is_constructible_v<H, const Config&> || std::is_default_constructible_v<H>,
                "a handler is made from a const aludel::Config&, or from nothing");
  static_assert(has_handle<H>::value,
                "a handler has void (or Outcome) handle(aludel::Call&, const aludel::Event&)");
  static_assert(has_migrate<H>::value || !names_migrate<H>::value,
                "migrate takes (aludel::Call&, uint32_t from, uint32_t to)");
  static_assert(has_start<H>::value || !names_start<H>::value, "start takes (aludel::Call&)");
  static_assert(has_validate<H>::value || !names_validate<H>::value,
                "validate takes (aludel::Call&, const aludel::Event&)");
  static_assert(has_flush<H>::value || !names_flush<H>::value, "flush takes (aludel::Call&)");
  static_assert(has_rolled_back<H>::value || !names_rolled_back<H>::value,
                "rolled_back takes (aludel::Call&, uint64_t event_id)");
  static_assert(has_on_error<H>::value || !names_on_error<H>::value,
                "on_error takes (aludel::Call&, const aludel::Event&, const aludel::Failure&)");
  static_assert(has_stop<H>::value || !names_stop<H>::value, "stop takes (aludel::Call&)");
  static_assert(subscribes_well<H>(), "subscriptions is a std::vector<aludel::Subscription>");
  static_assert(!(has_migrations<H>::value && has_migrate<H>::value),
                "either a list of migrations or migrate(), not both");
}

/// Tells the host of the exception in flight. @return its outcome
inline std::int32_t report_exception(aludel_call* call) noexcept {
  aludel_error error{};
  error.struct_size = sizeof error;
  error.event_id = UINT64_MAX;
  Outcome outcome = Outcome::fail;
  try {
    throw;
  } catch (const Verdict& verdict) {
    outcome = verdict.outcome();
    if (outcome == Outcome::skip) return ALUDEL_SKIP;
    error.code = to_str(verdict.code());
    error.message = to_str(verdict.message());
    error.detail_json = to_str(verdict.detail_json());
    error.retry_after_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, verdict.after().count()));
    error.event_id = verdict.event_id();
    call->host->set_error(call, &error);
  } catch (const std::bad_alloc&) {
    outcome = Outcome::fatal;
    error.code = to_str("out_of_memory");
    error.message = to_str("the handler could not allocate memory");
    call->host->set_error(call, &error);
  } catch (const std::exception& exception) {
    error.code = to_str("exception");
    error.message = to_str(exception.what());
    call->host->set_error(call, &error);
  } catch (...) {
    error.code = to_str("exception");
    error.message = to_str("an exception that is not a std::exception");
    call->host->set_error(call, &error);
  }
  return static_cast<std::int32_t>(outcome);
}

/// Calls a member that returns nothing or an Outcome, and turns what it throws into an outcome.
template <typename F>
std::int32_t guarded(aludel_call* call, F&& function) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(function())>) {
      function();
      return ALUDEL_HANDLED;
    } else {
      static_assert(std::is_same_v<decltype(function()), Outcome>, "return nothing or an aludel::Outcome");
      return static_cast<std::int32_t>(function());
    }
  } catch (...) {
    return report_exception(call);
  }
}

/// The handler of type H that a processor runs, and the functions of the ABI on it.
template <typename H>
class Instance {
 public:
  static std::int32_t ALUDEL_ABI create(aludel_call* call, const char* config, std::uint64_t size,
                                        void** self) noexcept {
    return guarded(call, [&] {
      std::unique_ptr<Instance> instance(new Instance(call, Config(call, {config, size})));
      instance->declare(call);
      *self = instance.release();
    });
  }

  static std::int32_t ALUDEL_ABI migrate(void* self, aludel_call* call, std::uint32_t from,
                                         std::uint32_t to) noexcept {
    return guarded(call, [&] { return of(self).migrate_handler(from, to); });
  }

  static std::int32_t ALUDEL_ABI start(void* self, aludel_call* call) noexcept {
    return guarded(call, [&] { return of(self).handler_.start(of(self).call_); });
  }

  static std::int32_t ALUDEL_ABI validate(void* self, aludel_call* call, const aludel_event* event) noexcept {
    return guarded(call, [&] { return of(self).handler_.validate(of(self).call_, Event(call, event)); });
  }

  static std::int32_t ALUDEL_ABI handle(void* self, aludel_call* call, const aludel_event* event) noexcept {
    return guarded(call, [&] {
      of(self).check_memory();
      return of(self).handler_.handle(of(self).call_, Event(call, event));
    });
  }

  static std::int32_t ALUDEL_ABI flush(void* self, aludel_call* call) noexcept {
    return guarded(call, [&] {
      of(self).check_memory();
      return of(self).handler_.flush(of(self).call_);
    });
  }

  /// Cannot fail in the ABI. If it does in the handler, what that holds in memory is not to be trusted any
  /// more.
  static void ALUDEL_ABI rolled_back(void* self, aludel_call* call, std::uint64_t event_id) noexcept {
    const std::int32_t outcome =
        guarded(call, [&] { of(self).handler_.rolled_back(of(self).call_, event_id); });
    if (outcome != ALUDEL_HANDLED) of(self).forgot_to_forget_ = true;
  }

  static std::int32_t ALUDEL_ABI on_error(void* self, aludel_call* call, const aludel_event* event,
                                          const aludel_failure* failure, aludel_decision* decision) noexcept {
    return guarded(call, [&] {
      const Failure seen{failure->stage,
                         static_cast<Outcome>(failure->outcome),
                         failure->attempt,
                         to_view(failure->code),
                         to_view(failure->message),
                         to_view(failure->detail_json),
                         failure->first_failed_ns};
      const Decision decided = of(self).handler_.on_error(of(self).call_, Event(call, event), seen);
      decision->action = static_cast<std::uint32_t>(decided.action);
      decision->delay_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, decided.delay.count()));
    });
  }

  static void ALUDEL_ABI stop(void* self, aludel_call* call) noexcept {
    if (guarded(call, [&] { of(self).handler_.stop(of(self).call_); }) != ALUDEL_HANDLED)
      Log(call->host).error("stop() threw an exception");
  }

  static void ALUDEL_ABI destroy(void* self) noexcept { delete static_cast<Instance*>(self); }

 private:
  Instance(aludel_call* call, const Config& config)
      : Instance(call, config, std::is_constructible<H, const Config&>{}) {}
  Instance(aludel_call* call, const Config& config, std::true_type) : call_(call), handler_(config) {}
  Instance(aludel_call* call, const Config&, std::false_type) : call_(call), handler_() {}

  static Instance& of(void* self) noexcept { return *static_cast<Instance*>(self); }

  /// Tells the host what depends on the config.
  void declare(aludel_call* call) const {
    (void)call;
    if constexpr (has_subscriptions<H>::value) {
      for (const Subscription& wanted : handler_.subscriptions) {
        const std::string& type = wanted.type();
        check(call, call->host->subscribe(call, wanted.kind(), type.data(), type.size()),
              "subscribe to \"" + type + "\"");
      }
    }
    if constexpr (has_own_migrations<H>::value) {
      const auto version = static_cast<std::uint32_t>(std::size(handler_.migrations));
      check(call, call->host->set_projection_version(call, version), "set the projection's version");
    }
  }

  void check_memory() const {
    if (forgot_to_forget_)
      throw fatal("rolled_back_failed", "rolled_back() threw: what the handler gathered is unknown");
  }

  auto migrate_handler(std::uint32_t from, std::uint32_t to) {
    if constexpr (has_migrate<H>::value) {
      return handler_.migrate(call_, from, to);
    } else {
      if (from > to || to > std::size(handler_.migrations))
        throw fail("bad_migration",
                   "there is no way from version " + std::to_string(from) + " to " + std::to_string(to));
      for (std::uint32_t version = from; version != to; ++version)
        run_migration(version);
    }
  }

  void run_migration(std::uint32_t index) {
    try {
      call_.exec(handler_.migrations[index]);
    } catch (const SqlError& error) {
      throw SqlError(error.result(), error.code(),
                     "migrations[" + std::to_string(index) + "]: " + error.message());
    }
  }

  Call call_;  // lives as long as the host's, so that even a reference that was kept does not dangle
  H handler_;
  bool forgot_to_forget_ = false;
};

}  // namespace detail
}  // namespace v1
}  // namespace aludel
