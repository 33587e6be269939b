// SPDX-License-Identifier: MIT
/// @file handler.hpp
/// Describes handlers to the host. All of it is computed by the compiler and lies in read-only memory.
#pragma once

#include <aludel/cpp/instance.hpp>

namespace aludel {
inline namespace v1 {

/// A handler of class H with N subscriptions; made by handler<H>().
template <typename H, std::size_t N>
struct HandlerSpec {
  using Handler = H;

  /// Wants events of this type.
  [[nodiscard]] constexpr HandlerSpec<H, N + 1> on(std::string_view type) const {
    return with(ALUDEL_EXACT, type);
  }
  /// Wants events whose type starts with this.
  [[nodiscard]] constexpr HandlerSpec<H, N + 1> on_prefix(std::string_view prefix) const {
    return with(ALUDEL_PREFIX, prefix);
  }
  /// Wants every event.
  [[nodiscard]] constexpr HandlerSpec<H, N + 1> on_all() const { return with(ALUDEL_ALL, {}); }

  /// A name for people.
  [[nodiscard]] constexpr HandlerSpec named(std::string_view text) const {
    return with(&HandlerSpec::name, text);
  }
  /// Who made it.
  [[nodiscard]] constexpr HandlerSpec by(std::string_view text) const {
    return with(&HandlerSpec::vendor, text);
  }
  /// What it does, in a sentence.
  [[nodiscard]] constexpr HandlerSpec describe(std::string_view text) const {
    return with(&HandlerSpec::description, text);
  }
  /// JSON Schema of the config that it takes.
  [[nodiscard]] constexpr HandlerSpec takes(std::string_view schema) const {
    return with(&HandlerSpec::config_schema, schema);
  }
  /// ALUDEL_HANDLER_*: that it has effects outside its projection, for instance.
  [[nodiscard]] constexpr HandlerSpec flagged(std::uint32_t more) const {
    HandlerSpec copy = *this;
    copy.flags |= more;
    return copy;
  }

  // Set by the functions above. Public, so that the whole is a constant for the compiler.
  std::string_view id, version, name, vendor, description, config_schema;
  std::uint32_t flags = 0;
  std::array<aludel_subscription, N> subscriptions{};

 private:
  constexpr HandlerSpec with(std::string_view HandlerSpec::*member, std::string_view text) const {
    HandlerSpec copy = *this;
    copy.*member = text;
    return copy;
  }
  constexpr HandlerSpec<H, N + 1> with(std::uint32_t kind, std::string_view type) const {
    HandlerSpec<H, N + 1> copy{};
    copy.id = id, copy.version = version, copy.name = name, copy.vendor = vendor;
    copy.description = description, copy.config_schema = config_schema, copy.flags = flags;
    for (std::size_t i = 0; i != N; ++i)
      copy.subscriptions[i] = subscriptions[i];
    copy.subscriptions[N] = {sizeof(aludel_subscription), kind, detail::to_str(type)};
    return copy;
  }
};

/// Begins the description of a handler, see plugin.hpp for an example.
/// @tparam H the class: a default constructor or one from `const aludel::Config&`, and the members named in
/// plugin.hpp
/// @param id dotted, 3 to 128 of a-z 0-9 - . ("org.example.ledger"); never changes
/// @param version of the code ("1.0.0")
template <typename H>
[[nodiscard]] constexpr HandlerSpec<H, 0> handler(std::string_view id, std::string_view version) {
  HandlerSpec<H, 0> spec{};
  spec.id = id;
  spec.version = version;
  return spec;
}

/// What a plugin holds, for library().
template <typename... Specs>
[[nodiscard]] constexpr std::tuple<Specs...> handlers(Specs... specs) {
  return {specs...};
}

namespace detail {

constexpr bool is_handler_id(std::string_view id) noexcept {
  if (id.size() < 3 || id.size() > 128) return false;
  bool dotted = false;
  for (const char c : id) {
    dotted = dotted || c == '.';
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return false;
  }
  return dotted;
}

template <std::size_t N>
constexpr std::array<const aludel_subscription*, N> pointers_to(
    const std::array<aludel_subscription, N>& subscriptions) {
  std::array<const aludel_subscription*, N> pointers{};
  for (std::size_t i = 0; i != N; ++i)
    pointers[i] = &subscriptions[i];
  return pointers;
}

template <typename H, std::size_t N>
constexpr aludel_handler to_abi(const HandlerSpec<H, N>& spec,
                                const aludel_subscription* const* subscriptions) {
  check_members<H>();
  using I = Instance<H>;
  aludel_handler abi{};
  abi.struct_size = sizeof abi;
  abi.flags = spec.flags | (has_subscriptions<H>::value ? ALUDEL_HANDLER_DYNAMIC : 0u);
  abi.projection_version = projection_version<H>();
  abi.subscription_count = static_cast<std::uint32_t>(N);
  abi.id = to_str(spec.id);
  abi.name = to_str(spec.name);
  abi.version = to_str(spec.version);
  abi.vendor = to_str(spec.vendor);
  abi.description = to_str(spec.description);
  abi.config_schema = to_str(spec.config_schema);
  abi.subscriptions = subscriptions;
  abi.create = I::create;
  if constexpr (projection_version<H>() != 0 || has_own_migrations<H>::value) abi.migrate = I::migrate;
  if constexpr (has_start<H>::value) abi.start = I::start;
  if constexpr (has_validate<H>::value) abi.validate = I::validate;
  abi.handle = I::handle;
  if constexpr (has_flush<H>::value) abi.flush = I::flush;
  if constexpr (has_rolled_back<H>::value) abi.rolled_back = I::rolled_back;
  if constexpr (has_on_error<H>::value) abi.on_error = I::on_error;
  if constexpr (has_stop<H>::value) abi.stop = I::stop;
  abi.destroy = I::destroy;
  return abi;
}

template <const auto& specs, std::size_t I>
struct Description {
  static constexpr const auto& spec = std::get<I>(specs);
  using H = typename std::decay_t<decltype(spec)>::Handler;
  static_assert(is_handler_id(spec.id), "a handler's id is dotted, 3 to 128 of a-z 0-9 - .");
  static_assert(!spec.version.empty(), "a handler has a version");
  static_assert(!spec.subscriptions.empty() || has_subscriptions<H>::value,
                "say what it wants: .on(type), .on_prefix(prefix) or .on_all()");
  static constexpr auto subscriptions = pointers_to(spec.subscriptions);
  static constexpr aludel_handler abi = to_abi(spec, subscriptions.data());
};

template <const auto& specs, typename Indices>
struct Library;
template <const auto& specs, std::size_t... I>
struct Library<specs, std::index_sequence<I...>> {
  static_assert(sizeof...(I) > 0, "a plugin holds at least one handler");
  static constexpr std::array<const aludel_handler*, sizeof...(I)> handlers{&Description<specs, I>::abi...};
  static constexpr aludel_library abi{sizeof(aludel_library), ALUDEL_ABI_MINOR, 0, sizeof...(I),
                                      handlers.data()};
};

}  // namespace detail

/// The ABI's description of the handlers in `specs`, a constant at namespace scope made by handlers().
template <const auto& specs>
[[nodiscard]] constexpr const aludel_library* library() noexcept {
  using Specs = std::decay_t<decltype(specs)>;
  return &detail::Library<specs, std::make_index_sequence<std::tuple_size_v<Specs>>>::abi;
}

}  // namespace v1
}  // namespace aludel
