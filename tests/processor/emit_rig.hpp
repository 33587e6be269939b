// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugin_rig.hpp"

namespace aludel {

inline std::int32_t emit(aludel_call* call, std::string_view type, std::uint64_t cause = 0) {
  aludel_new_event event{};
  event.struct_size = sizeof event;
  event.type = {type.data(), type.size()};
  event.data = "{}";
  event.data_size = 2;
  event.cause = cause;
  return call->host->emit(call, &event);
}

/// Emits an event of type "echo" for each deposit, and writes nothing.
class EmitRig : public PluginRig {
 public:
  EmitRig() {
    handle = [](aludel_call* call, const aludel_event*) {
      return emit(call, "echo") == ALUDEL_OK ? ALUDEL_HANDLED : ALUDEL_FAIL;
    };
  }

  /// "cause>id" of each event of this type in the log.
  [[nodiscard]] std::string emitted(std::string_view type = "echo") {
    std::string line;
    auto cursor = log->read_from(0);
    REQUIRE(cursor);
    for (;;) {
      const auto block = (*cursor)->next();
      REQUIRE(block);
      if (*block == nullptr) return line;
      Event event;
      for (auto events = (*block)->events(0); events.next(event);) {
        if (event.type != type) continue;
        line += (line.empty() ? "" : " ") + std::string(event.attributes.find("aludelcause").value_or("?")) +
                ">" + std::to_string(event.id);
      }
    }
  }
  [[nodiscard]] std::int64_t relayed() const {
    return Rig::number_in(directory(), "select relayed from _aludel_identity");
  }
  [[nodiscard]] std::string producer() const {
    return Rig::text_in(directory(), "select producer_id from _aludel_identity");
  }
};

}  // namespace aludel
