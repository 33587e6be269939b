// SPDX-License-Identifier: MIT
/// Mistakes that must not compile, one a CASE; misuse.py tries each. CASE 0 has none.
#include <aludel/plugin.hpp>

struct Handler {
  void handle(aludel::Call& call, const aludel::Event& event) {
    (void)call.sql("select 1").value<int>();
    (void)event.json<int>("/x");
#if CASE == 1  // use of deleted function|call to deleted constructor
    aludel::Call copy = call;
#elif CASE == 2  // use of deleted function|overload resolution selected deleted operator
    aludel::Call* kept = &call;
#elif CASE == 3  // use of deleted function|call to implicitly-deleted copy constructor
    aludel::Event copy = event;
#elif CASE == 4  // Sql&&|expects an rvalue
    auto kept = call.sql("select 1");
    kept.run();
#elif CASE == 5  // take std::string
    (void)event.json<std::string_view>("/x");
#elif CASE == 6  // take std::string
    (void)call.sql("select 'x'").value<std::string_view>();
#elif CASE == 7  // this type cannot be bound
    call.sql("select ?").run('c');
#elif CASE == 8  // this type cannot be read
    (void)event.json<char>("/x");
#elif CASE == 9  // name the columns' types
    for (auto row : call.sql("select 1").rows<>())
      (void)row;
#endif
  }
#if CASE == 10  // flush takes
  void flush() {}
#elif CASE == 11  // rolled_back takes
  void rolled_back(aludel::Call&) {}
#elif CASE == 12  // stop takes
  void stop(int) {}
#elif CASE == 13  // either a list of migrations or migrate
  static constexpr const char* migrations[] = {""};
  static constexpr std::uint32_t projection_version = 1;
  void migrate(aludel::Call&, std::uint32_t, std::uint32_t) {}
#elif CASE == 14  // return nothing or an aludel::Outcome
  int start(aludel::Call&) {
    return 0;
  }
#elif CASE == 19  // subscriptions is a std::vector
  std::vector<std::string> subscriptions;
#endif
};

#if CASE == 15  // a handler's id is dotted
ALUDEL_PLUGIN(aludel::handler<Handler>("Ledger", "1.0.0").on("x"))
#elif CASE == 16  // say what it wants
ALUDEL_PLUGIN(aludel::handler<Handler>("test.handler", "1.0.0"))
#elif CASE == 17  // a handler has void
struct Nothing {};
ALUDEL_PLUGIN(aludel::handler<Nothing>("test.handler", "1.0.0").on("x"))
#elif CASE == 18  // a handler is made from
struct Choosy : Handler {
  explicit Choosy(int) {}
};
ALUDEL_PLUGIN(aludel::handler<Choosy>("test.handler", "1.0.0").on("x"))
#else
ALUDEL_PLUGIN(aludel::handler<Handler>("test.handler", "1.0.0").on("x"))
#endif
