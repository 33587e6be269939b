#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The handler without code: what a config of it does, what it refuses, and how it gets on over restarts."""

import json
import pathlib
import re
import subprocess

from harness import FACTS, LIMIT, equal, holds, main

TABLE = 'migrations = ["create table t (a, b)"]\n'
INSERT = '[[config.on]]\ntypes = ["*"]\nsql = "insert into t values (:id, :type)"\n'


def toml(config, name="x", more=""):
    """A processor whose config is this TOML, in which [config] stands for its own table."""
    head = f'[processor.{name}]\nplugin = "{FACTS["sql"]}"\n{more}\n'
    return head + f"[processor.{name}.config]\n" + config.replace("[[config.", f"[[processor.{name}.config.") + "\n"


def configure(aludel, config, more=""):
    aludel.configure(toml(config, more=more))


def rows(aludel, sql, name="x"):
    return [list(row.values()) for row in aludel.json("query", name, sql)]


def letters(aludel):
    return [(letter["event_id"], letter["code"], letter["message"]) for letter in aludel.json("dlq", "list", "x")]


def lettered(aludel, config, *events):
    """Runs events through a config under dead_letter: the letters."""
    configure(aludel, config, more='strategy = "dead_letter"')
    aludel.append_events(*events)
    aludel.drain()
    return letters(aludel)


# ---- values

def test_each_type_of_json_becomes_its_own_type_of_sql(aludel):
    configure(aludel, 'migrations = ["create table t (type, value)"]\n'
                      '[[config.on]]\ntypes = ["a"]\nparams = { value = "/v" }\n'
                      'sql = "insert into t values (typeof(:value), quote(:value))"\n')
    values = ["0", "-7", "9223372036854775807", "-9223372036854775808", "9007199254740993", "9223372036854775808",
              "1.5", "2.0", "1e3", "true", "false", "null", '"text"', '"caf\\u00e9 \'x\'"', '""', "[1, 2]",
              '{"b": [true]}']
    lines = "".join('{"type":"a","data":{"v":' + value + "}}\n" for value in values)
    aludel.run("append", "-", stdin=lines)
    aludel.drain()
    equal(rows(aludel, "select * from t order by rowid"), [
        ["integer", "0"], ["integer", "-7"], ["integer", "9223372036854775807"], ["integer", "-9223372036854775808"],
        ["integer", "9007199254740993"], ["text", "'9223372036854775808'"], ["real", "1.5"], ["real", "2.0"],
        ["real", "1000.0"], ["integer", "1"], ["integer", "0"], ["null", "NULL"], ["text", "'text'"],
        ["text", "'café ''x'''"], ["text", "''"], ["text", "'[1, 2]'"], ["text", "'{\"b\": [true]}'"]])


def test_a_number_that_no_real_can_hold_fails_the_event(aludel):
    config = ('migrations = ["create table t (n)"]\n[[config.on]]\ntypes = ["a"]\nparams = { n = "/n" }\n'
              'sql = "insert into t values (:n)"\n[[config.on]]\ntypes = ["b"]\noptional = { n = "/n" }\nsql = "insert into t values (:n)"\n')
    configure(aludel, config, 'strategy = "dead_letter"')
    lines = "".join(f'{{"type":"{t}","data":{{"n":{n}}}}}\n' for t in "ab" for n in ("1e400", "-0.1e-999", "1e300"))
    aludel.run("append", "-", stdin=lines)
    aludel.drain()
    why = '"/n" is too large or too small for a real number'
    equal([(l["event_id"], l["code"], l["message"]) for l in aludel.json("dlq", "list")], [(n, "out_of_range", why) for n in (0, 1, 3, 4)])
    equal(rows(aludel, "select typeof(n), n from t"), [["real", 1e300]] * 2)


def test_what_every_event_has_needs_no_declaration(aludel):
    configure(aludel, 'migrations = ["create table t (id, type, source, key, time)"]\n'
                      '[[config.on]]\ntypes = ["*"]\nsql = "insert into t values (:id, :type, :source, :key, :time)"\n')
    aludel.append_events(
        {"type": "a", "source": "/shop", "subject": "k", "time": "2026-01-31T12:00:00.000000001Z"},
        {"type": "b", "source": "/shop", "time": "1969-12-31T23:59:59Z"})
    aludel.drain()
    equal(rows(aludel, "select * from t order by id"),
          [[0, "a", "/shop", "k", 1769860800000000001], [1, "b", "/shop", None, -1000000000]])
    equal(rows(aludel, "select typeof(id), typeof(time), typeof(key) from t order by id"),
          [["integer", "integer", "text"], ["integer", "integer", "null"]])


def test_data_is_text_if_its_content_type_says_so_or_else_a_blob(aludel):
    configure(aludel, 'migrations = ["create table t (type, value)"]\n'
                      '[[config.on]]\ntypes = ["json"]\nsql = "insert into t values (typeof(:data), :data ->> \'$.n\')"\n'
                      '[[config.on]]\ntypes = ["raw.*"]\nsql = "insert into t values (typeof(:data), hex(:data))"\n')
    number, blob = {"type": "json", "data": {"n": 5}}, {"type": "raw.blob", "data_base64": "AP8="}
    aludel.append_events(
        number, number | {"datacontenttype": "Application/Vnd.x+JSON; charset=utf-8"},
        {"type": "raw.text", "data": "hi", "datacontenttype": "text/plain; charset=utf-8"},
        blob | {"datacontenttype": "application/octet-stream"}, blob | {"datacontenttype": "textual/x"})
    aludel.drain()
    equal(rows(aludel, "select * from t order by rowid"),
          [["text", 5], ["text", 5], ["text", "6869"], ["blob", "00FF"], ["blob", "00FF"]])


# ---- statements

def test_statements_for_one_type_run_in_the_order_of_the_config_and_fail_together(aludel):
    config = ('migrations = ["create table t (n integer primary key, by)"]\n'
              '[[config.on]]\ntypes = ["a"]\n'
              'sql = """insert into t values (:id * 10, \'first;\'); -- not ; here\n'
              '         insert into t values (:id * 10 + 1, (select group_concat(by) from t where n / 10 = :id));"""\n'
              '[[config.on]]\ntypes = ["*"]\nparams = { n = "/n" }\nsql = "insert into t values (:n, \'last\')"\n')
    found = lettered(aludel, config, {"type": "a", "data": {"n": 5}}, {"type": "a", "data": {"n": 5}},
                     {"type": "b", "data": {"n": 7}})
    # The second event's first statements had worked: nothing of them is left.
    equal(rows(aludel, "select * from t order by n"), [[0, "first;"], [1, "first;"], [5, "last"], [7, "last"]])
    (event, code, message), = found
    equal((event, code), (1, "constraint"))
    holds(message, "insert into t values (:n, 'last')")
    holds(message, "UNIQUE constraint failed: t.n")


def test_a_number_of_changed_rows_that_is_not_the_expected_one_fails_the_event(aludel):
    config = ('migrations = ["create table t (a, b); insert into t values (1, 0), (2, 0), (2, 0)"]\n'
              '[[config.on]]\ntypes = ["set"]\nparams = { a = "/a" }\n'
              'sql = """\n  update t set b = b + 1\n  where a = :a"""\nexpect_rows = 1\n'
              '[[config.on]]\ntypes = ["insert"]\nparams = { a = "/a" }\nexpect_rows = 0\n'
              'sql = "insert into t select 9, 9 where :a > 1; delete from t where a = :a"\n')
    found = lettered(aludel, config, *({"type": t, "data": {"a": a}} for t, a in
                                       [("set", 1), ("set", 7), ("set", 2), ("insert", 2), ("insert", 1), ("insert", 0)]))
    equal(found, [
        (1, "unexpected_rows", 'config.on[0].sql changed 0 rows, not 1: "update t set b = b + 1   where a = :a"'),
        (2, "unexpected_rows", 'config.on[0].sql changed 2 rows, not 1: "update t set b = b + 1   where a = :a"'),
        (3, "unexpected_rows",
         'config.on[1].sql, statement 1, changed 1 rows, not 0: "insert into t select 9, 9 where :a > 1"'),
        (4, "unexpected_rows", 'config.on[1].sql, statement 2, changed 1 rows, not 0: "delete from t where a = :a"')])
    equal(rows(aludel, "select * from t order by rowid"), [[1, 1], [2, 0], [2, 0]])
    equal(len(aludel.json("dlq", "groups", "x")), 3)


def test_rows_that_a_trigger_changes_do_not_count(aludel):
    configure(aludel, 'migrations = ["""create table t (a); create table u (a);\n'
                      'create trigger i after insert on t begin insert into u values (new.a), (new.a); end"""]\n'
                      '[[config.on]]\ntypes = ["*"]\nexpect_rows = 1\nsql = "insert into t values (:id)"\n')
    aludel.append("a")
    aludel.drain()
    equal(rows(aludel, "select (select count(*) from t), (select count(*) from u)"), [[1, 2]])


def test_what_sqlite_cannot_do_with_an_event_is_that_events_failure(aludel):
    config = ('migrations = ["create table t (a)"]\n'
              '[[config.on]]\ntypes = ["*"]\nsql = "insert into t select value from json_each(:data)"\n')
    text = {"type": "x", "datacontenttype": "text/plain"}
    found = lettered(aludel, config, {"type": "x", "data": [1, 2]}, text | {"data": "none"},
                     text | {"data_base64": "//8="}, {"type": "x", "data": [3]})
    equal(rows(aludel, "select a from t order by a"), [[1], [2], [3]])
    equal([letter[:2] for letter in found], [(1, "sql_error"), (2, "invalid")])
    holds(found[0][2], "malformed JSON")


def test_a_missing_value_fails_the_event_unless_it_is_optional(aludel):
    config = ('migrations = ["create table t (id, a, b)"]\n'
              '[[config.on]]\ntypes = ["*"]\nparams = { a = "/a/0" }\noptional = { b = "/b" }\n'
              'sql = "insert into t values (:id, :a, :b)"\n')
    found = lettered(aludel, config, {"type": "x", "data": {"a": [1], "b": 2}}, {"type": "x", "data": {"a": [1]}},
                     {"type": "x", "data": {"a": [None], "b": None}}, {"type": "x", "data": {"b": 2}},
                     {"type": "x", "data": {"a": []}}, {"type": "x", "datacontenttype": "text/plain", "data": "none"})
    equal(rows(aludel, "select * from t order by id"), [[0, 1, 2], [1, 1, None], [2, None, None]])
    equal([letter[:2] for letter in found], [(3, "missing_field"), (4, "missing_field"), (5, "invalid_json")])
    equal(found[0][2], '"/a/0" is missing')


def test_types_are_exact_a_prefix_or_all_and_others_are_passed_over(aludel):
    configure(aludel, TABLE + '[[config.on]]\ntypes = ["a", "b.*"]\nsql = "insert into t values (:id, :type)"\n')
    aludel.append("a", "ab", "b", "b.", "b.c", "c")
    aludel.drain()
    equal(rows(aludel, "select b from t order by a"), [["a"], ["b."], ["b.c"]])
    equal(aludel.processor()["handled"], 3)


def test_status_knows_its_subscriptions_once_it_was_up(aludel):
    configure(aludel, TABLE + INSERT.replace("*", "a"))
    aludel.append("a", "b")
    equal(aludel.json("status")["unrouted"], {})
    aludel.drain()
    equal(aludel.json("status")["unrouted"], {"b": 1})
    configure(aludel, TABLE + INSERT.replace("*", "b"))
    aludel.append("c")
    aludel.drain()
    equal(aludel.json("status")["unrouted"], {"a": 1, "c": 1})
    with aludel.host():
        aludel.wait_for_state("waiting")
        equal(aludel.json("status")["unrouted"], {"a": 1, "c": 1})


# ---- refusals

# What is wrong with a config, and the line that says so. Of its shape, by the host, also in `config check`.
SHAPES = [
    (INSERT, 'config lacks the key "migrations", which the handler requires'),
    ("migrations = []\n" + INSERT, "config.migrations must have at least 1 item, not 0"),
    ("migrations = [" + '"",' * 1001 + "]\n" + INSERT, "config.migrations must have at most 1000 items, not 1001"),
    ('migrations = [5]\n' + INSERT, "config.migrations[0] must be string, not 5"),
    (TABLE, 'config lacks the key "on", which the handler requires'),
    (TABLE + "on = []\n", "config.on must have at least 1 item, not 0"),
    (TABLE + "migration = []\n" + INSERT, 'config has the unknown key "migration"; did you mean "migrations"?'),
    (TABLE + INSERT + INSERT + "expect_row = 1\n",
     'config.on[1] has the unknown key "expect_row"; did you mean "expect_rows"?'),
    (TABLE + INSERT + "expect_rows = -1\n", "config.on[0].expect_rows must be at least 0, not -1"),
    (TABLE + INSERT + "expect_rows = 4294967296\n", "config.on[0].expect_rows must be at most 4294967295, not 4294967296"),
    (TABLE + INSERT + "params = 5\n", "config.on[0].params must be object, not 5"),
    (TABLE + INSERT + 'params = { a = 5 }\n', "config.on[0].params.a must be string, not 5"),
    (TABLE + '[[config.on]]\ntypes = ["a"]\n', 'config.on[0] lacks the key "sql", which the handler requires'),
    (TABLE + '[[config.on]]\nsql = "a"\n', 'config.on[0] lacks the key "types", which the handler requires'),
    (TABLE + '[[config.on]]\nsql = "a"\ntypes = []\n', "config.on[0].types must have at least 1 item, not 0"),
]

ON = TABLE + INSERT + '[[config.on]]\ntypes = ["a"]\n'  # the second is what is wrong

# Of what it means, by create().
MEANINGS = [
    (TABLE + '[[config.on]]\nsql = "select 1"\ntypes = ["a", ""]\n',
     'config.on[0].types[1] is empty: write a type, "prefix*" or "*"'),
    (ON + 'sql = " ; -- nothing"\n', "config.on[1].sql holds no statement"),
    (ON + 'sql = "insert into t values (:a, :amont)"\nparams = { a = "/a" }\n',
     "config.on[1].sql has the unknown parameter :amont: declare it in params, or use one of :a, :data, :id, :key, "
     ":source, :time, :type"),
    (ON + 'sql = "delete from t; insert into t values (?, ?2)"\n',
     "config.on[1].sql, statement 2, has the parameter ?: write it as a name, such as :amount"),
    (ON + 'sql = "vacuum"\n', "config.on[1].sql holds VACUUM, which cannot run in a transaction"),
    (ON + 'sql = "insert into t values ($a, 1)"\n',
     "config.on[1].sql has the parameter $a: write it as a name, such as :amount"),
    (ON + 'sql = "delete from t"\nparams = { a = "/a" }\n',
     "config.on[1].params.a is used by no statement: write :a in sql, or remove it"),
    (ON + 'sql = "insert into t values (\':b\', 1)"\noptional = { b = "/b" }\n',
     "config.on[1].optional.b is used by no statement: write :b in sql, or remove it"),
    (ON + 'sql = "insert into t values (:key, 1)"\nparams = { key = "/key" }\n',
     "config.on[1].params.key hides what :key is of every event: choose another name"),
    (ON + 'sql = "insert into t values (:a, 1)"\nparams = { a = "/a" }\noptional = { a = "/b" }\n',
     "config.on[1].optional.a stands in params as well: keep one of them"),
    (ON + 'sql = "insert into t values (:a, 1)"\nparams = { a = "amount" }\n',
     'config.on[1].params.a "amount" is no JSON pointer: write one such as "/amount" or "/lines/0/sku"'),
    (ON + 'sql = "insert into t values (:a, 1)"\nparams = { a = "/a~2" }\n',
     'config.on[1].params.a "/a~2" is no JSON pointer: write one such as "/amount" or "/lines/0/sku"'),
    (ON + 'sql = "delete from t"\nparams = { "a-b" = "/a" }\n',
     "config.on[1].params.a-b is no name for a parameter: use letters, digits and _"),
    (TABLE + "[[config.on]]\nsql = \"select 1\"\ntypes = [" + ",".join(f'"a{n}"' for n in range(1025)) + "]\n",
     'subscribe to "a1024": subscribe(): over 1024 subscriptions'),
]

# Of its SQL, by migrate() and start().
STATEMENTS = [
    ('migrations = ["create table t (a, b)", "create tabel u (a)"]\n' + INSERT,
     'migrations[1]: run: SQL "create tabel u (a)": near "tabel": syntax error'),
    ('migrations = ["create table t (a, b); insert into t values (:a, 1)"]\n' + INSERT,
     'migrations[0]: run: SQL " insert into t values (:a, 1)": it has 1 parameter and was given 0 values'),
    (ON + 'sql = "insert into t vales (1, 2)"\n',
     'config.on[1].sql cannot be used: prepare: SQL "insert into t vales (1, 2)": near "vales": syntax error'),
    (ON + 'sql = "delete from t; insert into u values (:a)"\nparams = { a = "/a" }\n',
     'config.on[1].sql, statement 2, cannot be used: prepare: SQL "insert into u values (:a)": no such table: u'),
    (ON + 'sql = "create table u (a)"\n',
     'config.on[1].sql cannot be used: prepare: SQL "create table u (a)": the schema is changed in migrate() only'),
    (ON + 'sql = "insert into t values (random(), 1)"\n',
     'config.on[1].sql cannot be used: prepare: SQL "insert into t values (random(), 1)": the function random() is not '
     "for handlers"),
    (TABLE + "".join(f'[[config.on]]\ntypes = ["a"]\nsql = "insert into t values ({n}, 1)"\n' for n in range(1025)),
     "config.on[1024].sql cannot be used: prepare \"insert into t values (1024, 1)\": over 1024 statements: bind values "
     "to parameters instead of writing them into the SQL"),
]


def configure_all(aludel, cases):
    aludel.configure("".join(toml(config, f"x{n}") for n, (config, _) in enumerate(cases)))
    aludel.append("a")


def check_told(aludel, cases, state):
    """Runs each config as a processor of its own: the codes with which they end, each with its line."""
    configure_all(aludel, cases)
    log = aludel.drain(status=1)
    told = re.findall(r"error x(\d+): (\w+): (\w+): (.*)", log)
    equal(sorted((int(n), found, message) for n, found, _, message in told),
          [(n, state, line) for n, (_, line) in enumerate(cases)])
    return {code for _, _, code, _ in told}


def test_a_config_of_the_wrong_shape_is_refused_also_by_config_check(aludel):
    configure_all(aludel, SHAPES)
    lines = {f"x{n}": f"{line} (in [processor.x{n}])" for n, (_, line) in enumerate(SHAPES)}
    refused = json.loads(aludel.run("--json", "config", "check", status=1)[0])["refused"]
    equal({r["processor"]: r["message"] for r in refused}, lines)
    aludel.drain(status=1)
    processors = aludel.json("status")["processors"]
    equal({p["name"]: p["error"]["message"] for p in processors}, lines)
    equal({(p["state"], p["error"]["code"]) for p in processors}, {("refused", "bad_config")})


def test_a_config_that_means_nothing_is_refused(aludel):
    equal(check_told(aludel, MEANINGS, "refused"), {"bad_config", "limit"})


def test_sql_that_cannot_be_used_stops_the_processor_before_the_first_event(aludel):
    equal(check_told(aludel, STATEMENTS, "stopped"), {"bad_config", "sql_error", "misuse"})


def test_without_a_config_it_is_left_out(aludel):
    aludel.append("a")
    plugin = pathlib.Path(FACTS["sql"])
    (aludel.directory / "plugins").mkdir()
    (aludel.directory / "plugins" / plugin.name).symlink_to(plugin)
    holds(aludel.drain("--plugin-dir", aludel.directory / "plugins", status=1), "no processor runs: ")


# ---- over restarts

def test_a_migration_that_is_added_migrates_and_one_that_is_missing_is_refused(aludel):
    second = TABLE.replace('"]', '", "alter table t add column c default \'new\'"]')
    configure(aludel, TABLE + INSERT)
    aludel.append("a")
    aludel.drain()
    configure(aludel, second + INSERT.replace(":type)", ":type, 'c')"))
    aludel.append("b")
    aludel.drain()
    equal(rows(aludel, "select * from t order by a"), [[0, "a", "new"], [1, "b", "c"]])
    configure(aludel, TABLE + INSERT)
    log = aludel.drain(status=1)
    holds(log, "its tables are of version 2, this handler (1.0.0) knows version 1: use the newer handler, or the config, that made them, "
               "or begin anew with `processor reset`")
    equal(aludel.processor()["state"], "refused")
    equal(aludel.processor()["error"]["code"], "newer_projection")


def test_a_reset_makes_the_tables_anew_from_the_migrations_that_are_there_now(aludel):
    configure(aludel, TABLE.replace('"]', '", "create table v (a)"]') + INSERT)
    aludel.append("a", "b")
    aludel.drain()
    # As many migrations as before or fewer, of another table: it stands still until the reset.
    for table, migrations in ("u", ["create table w (a)", "create table u (a, b)"]), ("z", ["create table z (a, b)"]):
        configure(aludel, f"migrations = {json.dumps(migrations)}\n" + INSERT.replace("into t", f"into {table}"))
        aludel.drain(status=1)
        aludel.run("processor", "reset", "x")
        aludel.drain()
        equal(rows(aludel, f"select * from {table} order by a"), [[0, "a"], [1, "b"]])
    equal(rows(aludel, "select name from sqlite_schema where name in ('t', 'u', 'v', 'w', 'z')"), [["z"]])


def test_a_dead_letter_is_replayed_once_the_config_is_mended(aludel):
    config = TABLE + '[[config.on]]\ntypes = ["*"]\nparams = { b = "/b" }\nsql = "insert into t values (:id, :b)"\n'
    equal([letter[:2] for letter in lettered(aludel, config, {"type": "x", "data": {}})], [(0, "missing_field")])
    configure(aludel, config.replace("params", "optional"), more='strategy = "dead_letter"')
    aludel.drain()
    equal(aludel.json("dlq", "replay", "x", "--all")["succeeded"], 1)
    equal(rows(aludel, "select * from t"), [[0, None]])


# ---- real data, and the documentation

LEDGER = """
migrations = ['''
  create table accounts (account integer primary key, balance integer not null);
  create table entries (event_id integer primary key, account integer not null,
                        amount integer not null, balance integer not null)''']
"""
MOVE = """[[config.on]]
types = ["{type}"]
params = {{ account = "/account", amount = "/amount" }}
expect_rows = 1
sql = '''
  insert into accounts values (:account, {sign} :amount) on conflict do update set balance = balance {sign} :amount;
  insert into entries values (:id, :account, {sign} :amount, (select balance from accounts where account = :account))'''
"""


def test_it_does_with_real_events_what_the_ledger_does(aludel):
    config = LEDGER + MOVE.format(type="deposit", sign="+") + MOVE.format(type="withdrawal", sign="-")
    ledger = f'[processor.ledger]\nplugin = "{FACTS["ledger"]}"\nconfig = {{ allow_overdraft = true }}\n'
    aludel.configure(toml(config) + ledger)
    events = subprocess.run(["zstd", "-dcq", FACTS["events"]], capture_output=True, check=True, timeout=LIMIT).stdout
    (aludel.directory / "bank.ndjson").write_bytes(events)
    aludel.run("append", aludel.directory / "bank.ndjson")
    aludel.drain()
    equal(rows(aludel, "select count(*), sum(balance) from accounts"), [[1_139, 4_134_333_010]])
    for table in "accounts", "entries":
        equal(rows(aludel, f"select * from {table} order by 1"), rows(aludel, f"select * from {table} order by 1", "ledger"))
    equal(aludel.processor()["handled"], 27_834)


def blocks(document):
    """The fenced blocks of a document: (language, text) each."""
    found, language = [], None
    for line in document.read_text().splitlines():
        if line.startswith("```"):
            language = None if language is not None else line[3:]
            if language is not None:
                found.append((language, ""))
        elif language is not None:
            found[-1] = (language, found[-1][1] + line + "\n")
    return found


def test_the_example_of_the_documentation_does_what_it_says(aludel):
    parts = dict(reversed(blocks(pathlib.Path(FACTS["howto"]))))  # the first of each language
    clone = aludel.directory / "clone"
    for link, target in ("host", pathlib.Path(FACTS["program"]).parent), ("plugins/sql", pathlib.Path(FACTS["sql"]).parent):
        path = clone / "build" / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    (clone / "customers").mkdir()
    (clone / "customers" / "aludel.toml").write_text(parts["toml"])
    done = subprocess.run(["sh", "-e"], input=parts["sh"], cwd=clone, capture_output=True, text=True, timeout=LIMIT)
    equal(done.returncode, 0)
    printed = "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())
    assert printed.endswith(parts["text"]), done.stdout
    equal([(letter["event_id"], letter["code"]) for letter in type(aludel)(clone / "customers").json("dlq", "list")],
          [(4, "unexpected_rows"), (5, "constraint"), (6, "missing_field")])


if __name__ == "__main__":
    main(globals())
