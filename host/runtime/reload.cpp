// SPDX-License-Identifier: MIT
#include "runtime/reload.hpp"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_writer.hpp"
#include "runtime/installation.hpp"
#include "runtime/json_reading.hpp"
#include "runtime/messages.hpp"

namespace aludel {

namespace json = boost::json;

std::string format_pause(std::chrono::microseconds pause) {
  return fmt::format("{:.1f} ms", static_cast<double>(pause.count()) / 1'000);
}

std::string describe(const Reloaded& reloaded) {
  auto text = "reloaded " + reloaded.processor + " in " + format_pause(reloaded.pause) + ": version " +
              reloaded.from + " -> " + reloaded.version;
  if (!reloaded.works()) text.append("; it is ").append(to_string(reloaded.state));
  if (!reloaded.why.empty()) text.append(": ").append(reloaded.why);
  return text;
}

std::string to_json(const Reloaded& reloaded) {
  // The library would write 43.519 as 4.3519E1.
  return fmt::format(R"({{"processor":{},"from":{},"version":{},"pause_ms":{},"state":{},"error":{}}})",
                     json_string(reloaded.processor), json_string(reloaded.from),
                     json_string(reloaded.version), static_cast<double>(reloaded.pause.count()) / 1'000,
                     json_string(to_string(reloaded.state)),
                     reloaded.why.empty() ? "null" : json_string(reloaded.why));
}

Result<Reloaded> parse_reloaded(std::string_view text) {
  return read_json<Reloaded>(text, "the answer to a reload", [](const json::object& o) {
    Reloaded reloaded;
    reloaded.processor = text_at(o, "processor");
    reloaded.from = text_at(o, "from");
    reloaded.version = text_at(o, "version");
    const std::chrono::duration<double, std::milli> pause(o.at("pause_ms").to_number<double>());
    reloaded.pause = std::chrono::round<std::chrono::microseconds>(pause);
    reloaded.state = parse_activity(text_at(o, "state")).value();
    if (!o.at("error").is_null()) reloaded.why = text_at(o, "error");
    return reloaded;
  });
}

Result<PlannedProcessor> plan_anew(const PlannedProcessor& former, const TrustPolicy& trust) {
  Config config;
  config.trust = trust;
  config.processors.push_back(former.config);
  config.processors.front().handler = former.handler.id;
  config.processors.front().plugin = former.library;
  const auto plugins = inspect_plugins({former.library}, config);
  if (!plugins) return plugins.error();
  const auto& library = plugins->front().library;
  if (!library) return library.error();
  auto plan = make_plan(config, *plugins);
  if (!plan) return plan.error();
  if (plan->processors.empty()) {
    const auto& why = plan->refused.front().error;
    return Error(ErrorCode::refused, why.message, why.reason);
  }
  auto& planned = plan->processors.front();
  planned.config = former.config;
  return std::move(planned);
}

}  // namespace aludel
