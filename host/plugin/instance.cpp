// SPDX-License-Identifier: MIT
#include "plugin/instance.hpp"

namespace aludel {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::handled: return "handled";
    case Outcome::skip: return "skip";
    case Outcome::retry: return "retry";
    case Outcome::fail: return "fail";
    case Outcome::fatal: return "fatal";
  }
  return "unknown";
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::none: return "none";
    case Stage::create: return "create";
    case Stage::migrate: return "migrate";
    case Stage::start: return "start";
    case Stage::validate: return "validate";
    case Stage::handle: return "handle";
    case Stage::flush: return "flush";
    case Stage::rolled_back: return "rolled_back";
    case Stage::on_error: return "on_error";
    case Stage::stop: return "stop";
  }
  return "unknown";
}

}  // namespace aludel
