// SPDX-License-Identifier: MIT
#include "runtime/config.hpp"

#include <string>

#include "support/result_printing.hpp"
#include "support/temp_dir.hpp"

namespace aludel {

namespace {

std::string error_of(std::string_view text) {
  const auto config = parse_config(text, "conf/aludel.toml");
  return config ? "no error" : config.error().message;
}

constexpr auto full_config = R"(
[log]
sync = "normal"
max_age = "30d"
max_bytes = "10GB"
min_free = "1GiB"
segment_size = "16MiB"
[host]
plugin_dirs = ["plugins", "/opt/handlers"]
log_level = "debug"
[processor.tally]
plugin = "libtally.so"
[processor.ledger]
handler = "org.aludel.ledger"
types = ["deposit", "order.*", "*"]
start = "2026-01-31T12:00:00Z"
strategy = "retry"
retry = { max_retries = 9, initial_delay = "1s", max_delay = "1m", multiplier = 3, jitter = 0.25, then = "stop" }
on = { fail = "log_and_skip" }
replay = { strategy = "fibonacci", max_retries = 7, initial_delay = "2m", max_delay = "5h", multiplier = 1.5, min_age = "30s", check_interval = "90s", batch_size = 20, order = "by_code", stop_on_consecutive_failures = 3 }
batch_size = 250
timeout = "5m"
isolation = "thread"
sandbox = "strict"
network = true
config = { allow_overdraft = true, hex = 0xff, rates = [1.5, 1e30], name = "a\"b", day = 1993-01-31, deep = { x = 1 } }
[processor.ledger.type."order.*"]
on = { retry = "custom" }
retry = { then = "skip" }
)";

}  // namespace

TEST_CASE("a config says all that the design's example says") {
  const auto config = parse_config(full_config, "conf/aludel.toml");
  REQUIRE(config);
  CHECK_FALSE(config->sync_full);
  CHECK(config->retention.max_age == std::chrono::hours(30 * 24));
  CHECK(config->retention.max_bytes == 10'000'000'000);
  CHECK(config->min_free == 1024 * limits::MiB);
  CHECK(config->segment_size == 16 * limits::MiB);
  REQUIRE(config->plugin_dirs.size() == 2);
  CHECK(config->plugin_dirs[0] == "conf/plugins");
  CHECK(config->plugin_dirs[1] == "/opt/handlers");
  CHECK(config->log_level == LogLevel::debug);

  REQUIRE(config->processors.size() == 2);
  const auto& ledger = config->processors[0];
  CHECK(ledger.name == "ledger");
  CHECK(ledger.line == 13);
  CHECK(ledger.handler == "org.aludel.ledger");
  CHECK(ledger.plugin.empty());
  REQUIRE(ledger.types.size() == 3);
  CHECK(ledger.types[0] == Subscription{Subscription::Kind::exact, "deposit"});
  CHECK(ledger.types[1] == Subscription{Subscription::Kind::prefix, "order."});
  CHECK(ledger.types[2] == Subscription{Subscription::Kind::all, ""});
  CHECK(ledger.batch_size == 250);
  CHECK(ledger.timeout == std::chrono::minutes(5));
  CHECK(ledger.isolation == Isolation::thread);
  CHECK(ledger.sandbox == Sandbox{SandboxLevel::strict, true});
  CHECK(ledger.start_at == StartAt{StartAt::Kind::time, 1'769'860'800'000'000'000});
  const auto& policy = ledger.error_policy;
  CHECK(policy.processor.strategy == Strategy::retry);
  CHECK(policy.processor.on_fail == Strategy::log_and_skip);
  CHECK_FALSE(policy.processor.on_retry);
  using std::chrono::seconds;
  CHECK(policy.processor.retry == RetryPolicy{9, {seconds(1), seconds(60), 3.0, 0.25}, Then::stop});
  REQUIRE(policy.types.size() == 1);
  CHECK(policy.types[0].type == "order.*");
  CHECK_FALSE(policy.types[0].treatment.strategy);
  CHECK(policy.types[0].treatment.on_retry == Strategy::custom);
  // What a type leaves unsaid is the processor's.
  CHECK(policy.types[0].treatment.retry == RetryPolicy{9, {seconds(1), seconds(60), 3.0, 0.25}, Then::skip});
  using std::chrono::hours, std::chrono::minutes;
  CHECK(ledger.replay == ReplayPolicy{ReplayStrategy::fibonacci, 7, minutes(2), hours(5), 1.5, seconds(30),
                                      seconds(90), 20, ReplayOrder::by_code, 3});
  CHECK(
      ledger.config_json ==
      R"({"allow_overdraft":true,"day":"1993-01-31","deep":{"x":1},"hex":255,"name":"a\"b","rates":[1.5,1e+30]})");
  CHECK(config->processors[1].plugin == "libtally.so");
}

TEST_CASE("an empty config has the documented defaults") {
  const auto config = parse_config("[processor.x]\nplugin = \"./x.so\"", "conf/aludel.toml");
  REQUIRE(config);
  CHECK(config->sync_full);
  CHECK_FALSE(config->retention.drops());
  CHECK(config->min_free == 64 * limits::MiB);
  CHECK(config->segment_size == 128 * limits::MiB);
  CHECK(config->plugin_dirs.empty());
  CHECK(config->log_level == LogLevel::info);
  REQUIRE(config->processors.size() == 1);
  const auto& x = config->processors[0];
  CHECK(x.plugin == "conf/./x.so");
  CHECK(x.types.empty());
  CHECK(x.batch_size == 1'000);
  CHECK(x.timeout == std::chrono::seconds(60));
  CHECK(x.isolation == Isolation::process);
  CHECK(x.sandbox == Sandbox{SandboxLevel::basic, false});
  CHECK(x.replay == ReplayPolicy{});
  CHECK(x.replay.strategy == ReplayStrategy::off);
  CHECK(x.config_json == "{}");
  CHECK(parse_config("", "aludel.toml"));
}

TEST_CASE("a config as it is shown reads back the same") {
  const auto config = parse_config(full_config, "conf/aludel.toml");
  REQUIRE(config);
  const auto shown = to_toml(*config);
  const auto again = parse_config(shown, "/aludel.toml");
  REQUIRE(again);
  CHECK(again->processors[0].config_json == config->processors[0].config_json);
  CHECK(again->processors[0].types == config->processors[0].types);
  CHECK(again->processors[0].start_at == config->processors[0].start_at);
  CHECK(again->processors[0].error_policy == config->processors[0].error_policy);
  CHECK(again->processors[0].replay == config->processors[0].replay);
  CHECK(again->processors[1].plugin == config->processors[1].plugin);
  CHECK(again->processors[0].timeout == config->processors[0].timeout);
  CHECK(again->processors[0].sandbox == config->processors[0].sandbox);
  CHECK(again->sync_full == config->sync_full);
  CHECK(again->retention == config->retention);
  CHECK(again->min_free == config->min_free);
  CHECK(again->segment_size == config->segment_size);
}

TEST_CASE("what is wrong with a config is named with its line, and with what was meant") {
  const std::pair<const char*, const char*> cases[] = {
      {"[log", ":1: "},
      {"x = 1", ":1: unknown key \"x\" in the config"},
      {"[lgo]", ":1: unknown key \"lgo\" in the config; did you mean \"log\"?"},
      {"[log]\nsync = \"ful\"",
       ":2: sync must be \"full\" or \"normal\", not \"ful\"; did you mean \"full\"?"},
      {"[log]\nsync = true", ":2: sync must be \"full\" or \"normal\""},
      {"[log]\nmax_age = 30", ":2: max_age must be a duration"},
      {"[log]\nmax_age = \"0s\"", ":2: max_age of [log] must be over 0"},
      {"[log]\nmax_bytes = 10", ":2: max_bytes must be a size such as \"64MiB\""},
      {"[log]\nmax_bytes = \"10\"", ":2: max_bytes: \"10\" is no size: write a number and B, KiB"},
      {"[log]\nmax_bytes = \"255MiB\"", ":2: max_bytes of [log] must be 256MiB to 1024TiB"},
      {"[log]\nsegment_size = \"8MiB\"\nmax_bytes = \"15MiB\"", ":3: max_bytes of [log] must be 16MiB to"},
      {"[log]\nsegment_size = \"4MiB\"", ":2: segment_size of [log] must be 8MiB to 128MiB"},
      {"[log]\nmin_free = \"half\"", ":2: min_free: \"half\" is no size"},
      {"log = 5", ":1: log must be a table: log = { ... }"},
      {"[host]\nplugin_dir = []", ":2: unknown key \"plugin_dir\" in [host]; did you mean \"plugin_dirs\"?"},
      {"[host]\nplugin_dirs = \"plugins\"", ":2: plugin_dirs must be an array of strings"},
      {"[host]\nplugin_dirs = [5]", ":2: plugin_dirs must hold strings"},
      {"[host]\nlog_level = \"loud\"", ":2: log_level must be \"trace\" or"},
      {"[processor]\nledger = 5", ":2: [processor] holds tables only"},
      {"[processor.Ledger]\nhandler = \"a.b\"", ":1: \"Ledger\" is no name for a processor"},
      {"[processor.\"\"]\nhandler = \"a.b\"", ":1: \"\" is no name for a processor"},
      {"[processor.x]", ":1: [processor.x] needs handler = \"ID\" or plugin = \"FILE\""},
      {"[processor.x]\nplugin = \"a.so\"\ntypes = []",
       ":3: types of [processor.x] is empty: leave it out for all that the handler subscribes to, or name "
       "some, "
       "such as [\"deposit\", \"order.*\"]"},
      {"[processor.x]\nhandler = 5", ":2: handler must be a handler's id"},
      {"[processor.x]\nplugin = \"a.so\"\nstrateggy = \"\"",
       ":3: unknown key \"strateggy\" in [processor.x]; did you mean \"strategy\"?"},
      {"[processor.x]\nplugin = \"a.so\"\nstrategy = \"retri\"", "not \"retri\"; did you mean \"retry\"?"},
      {"[processor.x]\nplugin = \"a.so\"\non = { fial = \"retry\" }",
       ":3: unknown key \"fial\" in on of [processor.x]; did you mean \"fail\"?"},
      {"[processor.x]\nplugin = \"a.so\"\nretry = { max_retries = -1 }",
       ":3: max_retries of retry of [processor.x] must be 0 to 1000000"},
      {"[processor.x]\nplugin = \"a.so\"\nretry = { initial_delay = \"1h\" }",
       ":3: max_delay of retry of [processor.x], 30s where none is written, is below its initial_delay"},
      {"[processor.x]\nplugin = \"a.so\"\nretry = { multiplier = 0.5 }",
       ":3: multiplier of retry of [processor.x] must be a number from 1 to 1000"},
      {"[processor.x]\nplugin = \"a.so\"\nretry = { jitter = 2 }",
       ":3: jitter of retry of [processor.x] must be"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = \"fixed\"", ":3: replay must be a table"},
      {"[processor.x]\nplugin = \"a.so\"\non = \"skip\"", ":3: on must be a table: on = { ... }"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { strateg = \"fixed\" }",
       ":3: unknown key \"strateg\" in replay of [processor.x]; did you mean \"strategy\"?"},
      {"[processor.x]\nplugin = \"a.so\"\n[processor.x.replay]\nstrategy = \"fixd\"",
       ":4: strategy must be \"off\" or \"fixed\" or \"exponential\" or \"fibonacci\", not \"fixd\"; did "
       "you"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { max_retries = 0 }",
       ":3: max_retries of replay of [processor.x] must be 1 to 1000000"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { max_delay = \"1s\" }",
       ":3: max_delay of replay of [processor.x] is below its initial_delay, 1m where none is written"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { multiplier = 0 }",
       ":3: multiplier of replay of [processor.x] must be a number from 1 to 1000"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { min_age = \"0s\" }",
       ":3: min_age of replay of [processor.x] must be over 0"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { check_interval = 5 }",
       ":3: check_interval must be a duration such as \"60s\""},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { batch_size = 0 }",
       ":3: batch_size of replay of [processor.x] must be 1 to 100000"},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { order = \"old\" }",
       ":3: order must be \"oldest\" or \"newest\" or \"fewest_retries\" or \"by_code\", not \"old\""},
      {"[processor.x]\nplugin = \"a.so\"\nreplay = { stop_on_consecutive_failures = 0 }",
       ":3: stop_on_consecutive_failures of replay of [processor.x] must be 1 to 100000"},
      {"[processor.x]\nplugin = \"a.so\"\ntype.t = 5", ":3: type holds tables only"},
      {"[processor.x]\nplugin = \"a.so\"\ntype.t = { straegy = \"retry\" }",
       ":3: unknown key \"straegy\" in [processor.x.type.\"t\"]; did you mean \"strategy\"?"},
      {"[processor.x]\nplugin = \"a.so\"\nstart = \"now\"",
       ":3: start: \"now\" is neither \"first\" nor \"tip\" nor a time such as 2026-01-31T12:00:00Z, between "
       "1677-09-22 and 2262-04-11"},
      {"[processor.x]\nplugin = \"a.so\"\ntypes = [\"\"]", ":3: types must hold strings that are not empty"},
      {"[processor.x]\nplugin = \"a.so\"\nbatch_size = 0",
       ":3: batch_size of [processor.x] must be 1 to 100000"},
      {"[processor.x]\nplugin = \"a.so\"\nbatch_size = 1.5", ":3: batch_size must be a whole number"},
      {"[processor.x]\nplugin = \"a.so\"\ntimeout = 60", ":3: timeout must be a duration such as \"60s\""},
      {"[processor.x]\nplugin = \"a.so\"\ntimeout = \"1 min\"", ":3: timeout: \"1 min\" is no duration"},
      {"[processor.x]\nplugin = \"a.so\"\ntimeout = \"0s\"", ":3: timeout of [processor.x] must be over 0"},
      {"[processor.x]\nplugin = \"a.so\"\nisolation = \"none\"",
       ":3: isolation must be \"process\" or \"thread\""},
      {"[processor.x]\nplugin = \"a.so\"\nsandbox = \"stric\"",
       ":3: sandbox must be \"off\" or \"basic\" or \"strict\", not \"stric\""},
      {"[processor.x]\nplugin = \"a.so\"\nnetwork = 1", ":3: network must be true or false"},
      {"[processor.x]\nplugin = \"a.so\"\nconfig = \"x\"", ":3: config must be a table"},
      {"[processor.x]\nplugin = \"a.so\"\nconfig = { x = [nan] }", ":3: config must not hold inf or nan"},
  };
  for (const auto& wrong : cases) {
    CAPTURE(wrong.first);
    CAPTURE(error_of(wrong.first));
    CHECK(error_of(wrong.first).starts_with("conf/aludel.toml:"));
    CHECK(error_of(wrong.first).find(wrong.second) != std::string::npos);
  }
}

TEST_CASE("a config that is not there is told from one that is wrong") {
  const auto config = load_config("/nonexistent/aludel.toml");
  REQUIRE_FALSE(config);
  CHECK(config.error().code == ErrorCode::not_found);
  CHECK(config.error().message.find("read the config: open /nonexistent/aludel.toml") == 0);
}

TEST_CASE("a config of a processor's may be large, but not endless") {
  const auto with = [](std::size_t size) {
    return parse_config(
        "[processor.x]\nhandler = \"a.b\"\nconfig = { a = \"" + std::string(size, 'x') + "\" }\n", "a.toml");
  };
  CHECK(with(1'000'000));
  const auto over = with(1'100'000);
  REQUIRE_FALSE(over);
  CHECK(over.error().message.find(
            "a.toml:3: config of [processor.x] takes 1100008 bytes as JSON, over 1048576") == 0);
}

TEST_CASE("a folder in place of a config is an error") {
  const TempDir dir;
  const auto config = load_config(dir.path());
  REQUIRE_FALSE(config);
  CHECK(config.error().message == "read the config: read " + dir.path().string() + ": Is a directory");
}

}  // namespace aludel
