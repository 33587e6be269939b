// SPDX-License-Identifier: MIT
#include "plugin/plugin_instance.hpp"

#include <algorithm>
#include <new>
#include <string>

#include "base/limits.hpp"
#include "plugin/abi_struct.hpp"
#include "plugin/refusal.hpp"

namespace aludel {

PluginInstance::PluginInstance(const aludel_handler& functions, const HandlerDescription& declared,
                               Context context)
    : functions_(functions), declared_(declared), projection_(context.projection), side_(std::move(context)) {
  side_.description = declared_;
  side_.can_migrate = functions_.migrate != nullptr;
  abi_event_.struct_size = sizeof abi_event_;
}

PluginInstance::~PluginInstance() {
  stop();
  side_.close_log();
  if (created_) functions_.destroy(self_);
}

template <typename Function>
Outcome PluginInstance::call(Stage stage, std::uint32_t flags, std::uint32_t attempt, Function function) {
  side_.open(stage, flags, attempt);
  const std::int32_t reported = [&]() noexcept { return function(); }();
  side_.close();
  if (reported == ALUDEL_HANDLED && !side_.errors.has_outage() && !transaction_lost() && !over_size())
    return Outcome::handled;
  return judge(stage, reported);
}

Outcome PluginInstance::known_outcome(Stage stage, std::int32_t reported) {
  switch (reported) {
    case ALUDEL_HANDLED: return Outcome::handled;
    case ALUDEL_SKIP:
      return stage == Stage::handle || stage == Stage::validate ? Outcome::skip : Outcome::fail;
    case ALUDEL_RETRY: return Outcome::retry;
    case ALUDEL_FAIL: return Outcome::fail;
    case ALUDEL_FATAL: return Outcome::fatal;
    default: break;
  }
  side_.write_log(ALUDEL_LOG_WARNING, std::string(to_string(stage)) + "() reported " +
                                          std::to_string(reported) +
                                          ", which is no outcome: it counts as fail");
  return Outcome::fail;
}

// Whoever has set a new-handler has one for all memory of the process, be it SQLite's or of a plugin's own
// making.
void PluginInstance::give_up_without_memory(Outcome outcome) const {
  if (!side_.errors.present()) return;
  const auto& code = side_.errors.latest().code;
  const bool out_of_memory = side_.errors.has_outage() ? code == to_string(ErrorCode::memory)
                                                       : outcome == Outcome::fatal && code == "out_of_memory";
  if (const auto handler = std::get_new_handler(); out_of_memory && handler != nullptr) handler();
}

Outcome PluginInstance::judge(Stage stage, std::int32_t reported) {
  auto outcome = known_outcome(stage, reported);
  const bool is_success = outcome == Outcome::handled || outcome == Outcome::skip;
  give_up_without_memory(outcome);
  if (side_.errors.has_outage()) return Outcome::fatal;
  if (over_size()) {
    side_.sql->fail_over_size(stage);
    return Outcome::fail;
  }
  if (is_success && transaction_lost()) {
    const auto cause = side_.errors.present() ? " (" + side_.errors.latest().message + ")" : std::string();
    side_.errors.fail(
        ALUDEL_DENIED, "transaction_lost",
        "a statement ended the host's transaction" + cause +
            ": use OR ABORT instead of OR ROLLBACK, RAISE(ABORT, ...) instead of RAISE(ROLLBACK, ...)");
    return Outcome::fail;
  }
  if (is_success) return outcome;
  if (!side_.errors.present()) {
    const bool is_outcome = reported >= ALUDEL_HANDLED && reported <= ALUDEL_FATAL;
    side_.errors.fail(ALUDEL_OK, "unspecified",
                      std::string(to_string(stage)) + "() reported " +
                          (is_outcome ? std::string(to_string(outcome)) + " and gave no reason"
                                      : std::to_string(reported) + ", which is no outcome"));
  }
  const auto event_id = side_.errors.latest().event_id;
  if (event_id && (stage != Stage::flush || !side_.emissions.contains(*event_id)))
    side_.errors.forget_event();
  return outcome;
}

Outcome PluginInstance::create(std::string_view config_json) {
  side_.description = declared_;
  side_.has_subscribed = false;
  side_.open_log();
  const std::string config(config_json);
  const auto outcome = call(Stage::create, 0, 0, [&] {
    return functions_.create(&side_.call, config.c_str(), config.size(), &self_);
  });
  created_ = outcome == Outcome::handled;
  if (created_ && side_.description.subscriptions.empty()) {
    created_ = false;
    functions_.destroy(self_);
    side_.errors.fail(ALUDEL_INVALID, refusal::bad_subscription, "create() subscribed to nothing");
    side_.close_log();
    return Outcome::fail;
  }
  if (!created_) side_.close_log();
  return outcome;
}

// The host's own SQL failed, and may have ended the transaction.
Outcome PluginInstance::broken(const Error& error) {
  side_.errors.outage(to_string(error.code), error.message);
  return Outcome::fatal;
}

Outcome PluginInstance::migrate(std::uint32_t from, std::uint32_t to) {
  if (functions_.migrate == nullptr) return Outcome::handled;
  const auto before = projection_ != nullptr ? host_schema(*projection_) : std::string();
  if (!before) return broken(before.error());
  const auto outcome =
      call(Stage::migrate, 0, 0, [&] { return functions_.migrate(self_, &side_.call, from, to); });
  if (outcome != Outcome::handled) return outcome;
  const auto after = projection_ != nullptr ? host_schema(*projection_) : std::string();
  if (!after) return broken(after.error());
  if (*before == *after) return outcome;
  side_.errors.fail(
      ALUDEL_DENIED, "denied",
      "migrate() gave a table a name that begins with _aludel_, or changed one of the host's, or "
      "refers to one by a foreign key");
  return Outcome::fail;
}

Outcome PluginInstance::start() {
  auto outcome = Outcome::handled;
  if (functions_.start != nullptr) {
    outcome = call(Stage::start, 0, 0, [&] { return functions_.start(self_, &side_.call); });
  }
  side_.check_log();
  started_ = outcome == Outcome::handled;
  return outcome;
}

// Makes it the event that the plugin is called with.
void PluginInstance::show(const Event& event) {
  side_.set_event(event);
  abi_event_.id = event.id;
  abi_event_.time_ns = event.time_ns;
  abi_event_.type = abi_str(event.type);
  abi_event_.source = abi_str(event.source);
  abi_event_.key = abi_str(event.key);
  abi_event_.content_type = abi_str(event.content_type);
  abi_event_.data = event.data.data();
  abi_event_.data_size = event.data.size();
}

Outcome PluginInstance::validate(const Event& event, std::uint32_t flags, std::uint32_t attempt) {
  if (functions_.validate == nullptr) return Outcome::handled;
  show(event);
  return call(Stage::validate, flags, attempt,
              [&] { return functions_.validate(self_, &side_.call, &abi_event_); });
}

Outcome PluginInstance::handle(const Event& event, std::uint32_t flags, std::uint32_t attempt) {
  side_.emissions.deliver(event, flags);
  show(event);
  return call(Stage::handle, flags, attempt,
              [&] { return functions_.handle(self_, &side_.call, &abi_event_); });
}

Outcome PluginInstance::flush() {
  auto outcome = Outcome::handled;
  if (functions_.flush != nullptr) {
    outcome = call(Stage::flush, 0, 0, [&] { return functions_.flush(self_, &side_.call); });
  }
  if (outcome == Outcome::handled) side_.emissions.flushed();
  side_.check_log();  // for the events of the batch, too
  return outcome;
}

void PluginInstance::rolled_back(std::uint64_t event_id) {
  side_.emissions.undo(event_id);
  if (functions_.rolled_back != nullptr) {
    call(Stage::rolled_back, 0, 0, [&]() -> std::int32_t {
      functions_.rolled_back(self_, &side_.call, event_id);
      return ALUDEL_HANDLED;
    });
  }
  side_.check_log();  // for an event that was alone and left nothing to flush
}

std::optional<Decision> PluginInstance::on_error(const Event& event, const EventFailure& failure) {
  if (functions_.on_error == nullptr) return Decision{};
  // The plugin reads the texts while its own errors begin anew.
  const std::string code(failure.code);
  const std::string message(failure.message);
  const std::string detail(failure.detail_json);
  aludel_failure told{};
  told.struct_size = sizeof told;
  told.stage = static_cast<std::uint32_t>(failure.stage);
  told.outcome = static_cast<std::uint32_t>(failure.outcome);
  told.attempt = failure.attempt;
  told.code = abi_str(code);
  told.message = abi_str(message);
  told.detail_json = abi_str(detail);
  told.first_failed_ns = failure.first_failed_ns;
  aludel_decision decision{};
  decision.struct_size = sizeof decision;
  show(event);
  const auto outcome = call(Stage::on_error, 0, failure.attempt, [&] {
    return functions_.on_error(self_, &side_.call, &abi_event_, &told, &decision);
  });
  if (outcome != Outcome::handled) return std::nullopt;
  if (decision.action > static_cast<std::uint32_t>(Decision::Kind::dead_letter)) {
    side_.errors.fail(ALUDEL_INVALID, "invalid",
                      "on_error() decided " + std::to_string(decision.action) + ", which is no action");
    return std::nullopt;
  }
  constexpr auto longest = std::chrono::milliseconds(limits::retry_after_max).count();
  const auto delay = std::min(decision.delay_ms, std::uint64_t{longest});
  return Decision{static_cast<Decision::Kind>(decision.action), std::chrono::milliseconds(delay)};
}

void PluginInstance::stop() {
  if (!started_) return;
  started_ = false;
  if (functions_.stop != nullptr) {
    call(Stage::stop, 0, 0, [&]() -> std::int32_t {
      functions_.stop(self_, &side_.call);
      return ALUDEL_HANDLED;
    });
  }
  side_.close_log();
}

}  // namespace aludel
