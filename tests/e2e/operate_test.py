#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an operator looks at: status, query, plugin, config, help. The words on the screen are held to the letter."""

import os
import re
import subprocess

from harness import FACTS, LIMIT, equal, holds, main

COMMANDS = ["run", "append", "log", "status", "query", "verify", "backup", "restore", "plugin list", "plugin info", "plugin reload", "config check", "config show",
            "processor list", "processor pause", "processor resume", "processor skip", "processor reset", "processor remove",
            "dlq list", "dlq groups", "dlq show", "dlq export", "dlq replay", "dlq discard"]
AS_A_STRANGER = ["setpriv", "--reuid", "65534", "--clear-groups"]


def prepare(aludel):
    """A log of ten events of which one processor is done with seven and stopped."""
    aludel.configure_unruly()
    aludel.append(*["calm"] * 7, "unruly.fail", "calm", "other")
    aludel.drain(status=1)


def test_status_tells_all_without_a_host(aludel):
    prepare(aludel)
    status = aludel.json("status")
    x = status["processors"][0]
    since = x["error"].pop("since")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", since), since
    equal(list(status), ["log", "processors", "unrouted"])
    equal(status["log"]["events"], 10)
    equal(status["unrouted"], {"other": 1})
    equal(x, {"name": "x", "handler": "org.example.unruly", "version": "1.0.0", "state": "stopped", "cursor": 6, "lag": 3,
              "handled": 7, "skipped": 0, "dead_letters": 0, "expired": 0, "emits_pending": 0, "commands_kept": 0, "paused_since": None, "attempt": 1,
              "error": {"event_id": 7, "code": "as_told", "message": "it was told to fail", "outcome": "fail", "stage": "handle",
                        "next_try": None}, "sandbox": {"level": "basic", "missing": []}})
    text = aludel.run("status")
    equal(re.sub(r"since \S+Z", "since TIME", re.sub(r"[\d.]+ KiB", "SIZE", text)), f"""\
log: 10 events, SIZE
PROCESSOR  HANDLER             STATE    CURSOR  LAG  HANDLED  SKIPPED  LETTERS
x          org.example.unruly  stopped       6    3        7        0        0
x stopped at event 7 since TIME: as_told: it was told to fail; attempt 1; `aludel --data {aludel.directory} processor resume x` tries again
unrouted: other 1
""")


def test_status_changes_nothing(aludel):
    prepare(aludel)

    def files():
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in aludel.directory.rglob("*")
                if not path.name.endswith("-shm")}

    before = files()
    aludel.run("status")
    aludel.run("log")
    aludel.run("query", "x", "select 1")
    aludel.run("verify")
    equal(files(), before)


def test_a_processor_that_the_config_names_no_more_is_kept_and_shown(aludel):
    prepare(aludel)
    aludel.configure(f'[processor.y]\nplugin = "{FACTS["tally"]}"\n')
    equal([(p["name"], p["state"]) for p in aludel.json("status")["processors"]],
          [("x", "unconfigured"), ("y", "offline")])
    equal(aludel.json("status")["unrouted"], {})


def test_a_configured_processor_is_not_unconfigured_where_plugins_cannot_be_looked_for(aludel):
    prepare(aludel)
    aludel.configure_unruly('[host]\nplugin_dirs = ["nowhere"]')
    equal([(p["name"], p["state"]) for p in aludel.json("status")["processors"]], [("x", "stopped")])
    equal(aludel.json("status")["unrouted"], {"other": 1})


def test_many_unrouted_types_are_cut_short_for_people(aludel):
    aludel.append(*[f"t{n:02}" for n in range(14)], "t13", "a\x1b[31m\nb", "a\x1b[31m\nb")
    text = aludel.run("status")
    holds(text, "\nunrouted: a [31m b 2, t13 2, t00 1, t01 1, t02 1, t03 1, t04 1, t05 1, t06 1, t07 1 and 5 more\n")
    equal(len(aludel.json("status")["unrouted"]), 15)


def test_types_narrow_what_is_routed(aludel):
    aludel.configure_unruly('types = ["calm"]')
    aludel.append("calm", "calmer", "unruly.fail")
    aludel.drain()
    equal(aludel.seen(), [0])
    equal(aludel.json("status")["unrouted"], {"calmer": 1, "unruly.fail": 1})


def test_a_query_prints_a_table_csv_or_json(aludel):
    prepare(aludel)
    sql = "select 1 as n, 'a,\"b' as text, null as none, 2.5 as real, x'00ff' as bytes union all select 22, 'c', 1, 3.0, x''"
    equal(aludel.run("query", "x", sql), """\
 n  text  none  real  bytes
 1  a,"b         2.5  AP8=
22  c        1   3.0
""")
    equal(aludel.run("query", "x", sql, "--csv"),
          'n,text,none,real,bytes\n1,"a,""b",,2.5,AP8=\n22,c,1,3.0,\n')
    equal(aludel.json("query", "x", sql),
          [{"n": 1, "text": 'a,"b', "none": None, "real": 2.5, "bytes": "AP8="},
           {"n": 22, "text": "c", "none": 1, "real": 3.0, "bytes": ""}])
    equal(aludel.json("query", "x", "select 1 where false"), [])
    equal([row["name"] for row in aludel.json("query", "x", "select name from pragma_table_info('seen')")], ["id", "type"])


def test_a_query_only_reads_the_projection(aludel):
    prepare(aludel)
    for sql in ["delete from seen", "insert into seen values (1, 'x')", "create table t (a)", "drop table seen", "vacuum",
                "attach 'other.db' as other", "pragma journal_mode = delete", "begin",
                "update seen set type = ''", "create temp table t (a)", "detach main", "analyze",
                "pragma wal_checkpoint", "pragma writable_schema = 1", "savepoint s"]:
        _, error = aludel.run("query", "x", sql, status=2)
        holds(error, "only reading this projection is allowed")
    for sql, words in [("selec 1", "syntax error"), ("select 1; select 2", "one statement at a time"), ("", "no statement"),
                       ("select * from nowhere", "/projection.db); there are seen"),
                       ("select load_extension('x')", "not authorized to use function: load_extension"),
                       ("update sqlite_master set sql = ''", "sqlite_master may not be modified")]:
        _, error = aludel.run("query", "x", sql, status=2)
        holds(error, words)
    equal(len(aludel.seen()), 7)
    _, error = aludel.run("query", "y", "select 1", status=2)
    holds(error, 'there is no processor "y"')


def test_a_query_of_what_has_never_run_or_is_damaged_says_what_to_do(aludel):
    aludel.configure(f'[processor.ledger]\nplugin = "{FACTS["ledger"]}"\nconfig = {{ no_such_key = 1 }}\n')
    aludel.append("calm")
    aludel.drain(status=1)
    _, error = aludel.run("query", "ledger", "select 1", status=2)
    equal(error, 'aludel: processor "ledger" has never run: there is nothing to query yet\n')
    aludel.configure(f'[host]\nplugin_dirs = ["{os.path.dirname(FACTS["tally"])}"]\n')
    _, error = aludel.run("query", "tally", "select 1", status=2)
    holds(error, 'processor "tally" has never run')
    aludel.configure_unruly()
    aludel.drain()
    folder = aludel.directory / "processors" / "x"
    for file in folder.glob("projection*"):
        file.write_bytes(b"no database" * 1_000)
    _, error = aludel.run("query", "x", "select 1", status=3)
    holds(error, f"it is damaged; end the host, move {folder} away, and the next run makes it anew")
    equal(error.count("\n"), 1)


def test_a_query_that_takes_too_long_is_ended(aludel):
    prepare(aludel)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    _, error = aludel.run("query", "x", endless, status=1)
    holds(error, "stopped after 5s")


def test_only_the_owner_may_query(aludel):
    prepare(aludel)
    if os.geteuid() != 0:
        return  # only root can give a folder away
    os.chown(aludel.directory / "processors" / "x", 12345, -1)
    _, error = aludel.run("query", "x", "select 1", status=3)
    holds(error, "belongs to user 12345")


def test_plugins_are_listed_and_told_of(aludel):
    folder = aludel.directory / "plugins"
    folder.mkdir()
    (folder / "a.so").symlink_to(FACTS["unruly"])
    (folder / "b.so").write_text("no library")
    listed = aludel.json("plugin", "list", "--plugin-dir", folder)
    equal([os.path.basename(p["file"]) for p in listed], ["a.so", "b.so"])
    equal(listed[0]["handlers"][0]["types"], ["calm*", "unruly.*"])
    equal(listed[1]["refused"]["reason"], "not_a_library")
    head, good, bad = aludel.run("plugin", "list", "--plugin-dir", folder).splitlines()
    holds(good, "org.example.unruly  1.0.0")
    assert bad.startswith(f"refuse {folder}/b.so: "), bad
    holds(aludel.run("plugin", "info", folder / "a.so"), "handler org.example.unruly\n")
    equal(aludel.json("plugin", "info", folder / "a.so")["handlers"][0]["version"], "1.0.0")
    _, error = aludel.run("plugin", "info", folder / "b.so", status=3)
    equal(error.count("\n"), 1)
    told = subprocess.run(aludel.command("plugin", "list"), capture_output=True, text=True, timeout=LIMIT)
    equal((told.returncode, told.stderr.split(":")[:2]), (0, ["aludel", " no plugin folder is named"]))
    _, error = aludel.run("plugin", "list", "--plugin-dir", "/nonexistent", status=2)
    holds(error, "/nonexistent")


def test_the_config_is_checked_and_shown(aludel):
    aludel.configure_unruly('types = ["calm*"]', config="a = 1")
    holds(aludel.run("config", "check"), ": good, 1 processor\n")
    shown = aludel.run("config", "show")
    holds(shown, 'batch_size = 1000\ntimeout = "1m"\n')
    equal(aludel.json("config", "show")["processors"][0]["config"], {"a": 1})
    aludel.configure(shown)
    equal(aludel.run("config", "show"), shown)
    (aludel.directory / "more").mkdir()
    aludel.configure('[host]\nplugin_dirs = ["more"]\n[processor.x]\nplugin = "./x.so"\n')
    relative = subprocess.run([FACTS["program"], "--data", aludel.directory.name, "config", "show"], cwd=aludel.directory.parent,
                              capture_output=True, text=True, timeout=LIMIT).stdout
    holds(relative, f'plugin_dirs = ["{aludel.directory}/more"]\n')
    holds(relative, f'plugin = "{aludel.directory}/x.so"\n')
    aludel.configure('[processor.x]\nhandler = "org.example.unruli"\n')
    out, _ = aludel.run("config", "check", status=1)
    holds(out, f'{aludel.directory}/aludel.toml:1: x: no plugin has the handler "org.example.unruli"')
    aludel.configure('[processor.x]\nhandlr = "a"\n')
    for command in ["config", "check"], ["status"], ["run"], ["append", "--type", "t"]:
        _, error = aludel.run(*command, status=2)
        holds(error, 'aludel.toml:2: unknown key "handlr" in [processor.x]; did you mean "handler"?')
    _, error = aludel.run("--config", "/nonexistent.toml", "config", "show", status=2)
    holds(error, "/nonexistent.toml")


def test_what_has_no_effect_is_warned_of_by_the_check_and_by_the_host(aludel):
    aludel.configure_unruly("retry = { max_retries = 3 }")
    aludel.append("calm")
    why = "retry of [processor.x] has no effect: no strategy of the processor is "
    lines = aludel.run("config", "check").splitlines()
    holds(lines[0], f"{aludel.directory}/aludel.toml:1: warning: {why}")
    holds(lines[1], ": good, 1 processor")
    equal([i["processor"] for i in aludel.json("config", "check")["ineffective"]], ["x"])
    holds(aludel.drain(), f" warning x: {why}")
    equal(aludel.seen(), [0])


def test_a_config_is_checked_where_there_is_none_and_by_the_handlers_schema(aludel):
    none = f"there is no {aludel.directory}/aludel.toml: every handler found would run\n"
    equal(aludel.run("config", "check"), none + "no plugin folder is named: [host] plugin_dirs, --plugin-dir or ALUDEL_PLUGIN_PATH\n")
    folder = aludel.directory / "plugins"
    folder.mkdir()
    (folder / "tally.so").symlink_to(FACTS["tally"])
    equal(aludel.run("config", "check", "--plugin-dir", folder), none + "good, 1 processor\n")
    other = type(aludel)(aludel.directory / "nowhere")
    _, error = other.run("config", "check", status=2)
    equal(error, f"aludel: check the config of {other.directory}: there is no such folder; correct --data\n")
    _, error = other.run("config", "show", status=2)
    equal(error, f"aludel: show the config of {other.directory}: there is no such folder; correct --data\n")

    aludel.append("deposit")
    for config, words in [("allow_overdraf = true", 'config has the unknown key "allow_overdraf"; did you mean "allow_overdraft"?'),
                          ("allow_overdraft = 1", "config.allow_overdraft must be boolean, not 1")]:
        aludel.configure(f'[processor.x]\nplugin = "{FACTS["ledger"]}"\nconfig = {{ {config} }}\n')
        out, _ = aludel.run("config", "check", status=1)
        holds(out, f"x: {words}")
        holds(aludel.drain(status=1), f"not caught up: x (refused: bad_config: {words}")
        x = aludel.processor()
        equal((x["state"], x["error"]["code"]), ("refused", "bad_config"))


def test_every_command_has_help_with_an_example(aludel):
    whole = aludel.run("--help")
    equal(subprocess.run([FACTS["program"], "help"], capture_output=True, text=True, check=True).stdout, whole)
    for command in COMMANDS:
        holds(whole, command.split()[0])
        told = aludel.run(*command.split(), "--help")
        holds(told, "Example:\n  aludel ")
        holds(told, "--data, --config and --json")
        assert "DIR ..." not in told, told
    for group in "plugin", "config":
        holds(aludel.run(group, "--help"), f"aludel {group} COMMAND --help tells more")
    assert re.fullmatch(r"aludel \d+\.\d+\.\d+\n", aludel.run("--version"))


def test_a_number_that_is_none_is_told_at_the_command_line(aludel):
    prepare(aludel)
    for command, name in [(["dlq", "list", "--limit", "-1"], "--limit"), (["dlq", "export", "--limit", "x"], "--limit"),
                          (["dlq", "list", "--id", "abc"], "--id"), (["dlq", "replay", "x", "--id", "-1"], "--id"),
                          (["dlq", "show", "x", "9223372036854775808"], "ID"), (["log", "--limit", "-1"], "--limit")]:
        _, error = aludel.run(*command, status=2)
        words = " ".join(command[:2] if command[0] == "dlq" else command[:1])
        equal(error, f'aludel: {name}: give a whole number from 0 on, not "{command[-1]}"; see aludel {words} --help\n')
    aludel.run("dlq", "list", "--limit", 2**64 - 1)


def test_without_a_log_every_reader_says_what_to_do(aludel):
    for command in ["status"], ["log"], ["verify"], ["dlq", "list"], ["dlq", "groups"], ["dlq", "export"], ["--json", "dlq", "list"]:
        _, error = aludel.run(*command, status=2)
        holds(error, f"the log {aludel.directory}/log: there is none: append an event first, or name another folder by --data\n")


def test_who_may_not_write_is_told_which_file_and_what_to_do(aludel):
    prepare(aludel)
    aludel.run("processor", "pause", "x")  # makes control.db
    for path in [aludel.directory, *aludel.directory.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    x = aludel.directory / "processors" / "x"
    for command, words in [(["processor", "resume", "x"],
                            f"write to the database: attempt to write a readonly database ({x}/control.db): "
                            "run as the owner of that file, on a disk that can be written"),
                           (["append", "--type", "t"], f"open lock {aludel.directory}/log/lock: Permission denied: "
                            "run as the owner of that folder, on a disk that can be written")]:
        if os.geteuid() != 0:
            return  # only root can be somebody else
        done = subprocess.run([*AS_A_STRANGER, *aludel.command(*command)], capture_output=True, text=True, timeout=LIMIT)
        equal((done.returncode, done.stderr), (3, f"aludel: {words}\n"))


def test_a_reader_that_closes_its_pipe_ends_the_command(aludel):
    aludel.append(*["t"] * 10_000)
    log = subprocess.Popen(aludel.command("log"), stdout=subprocess.PIPE)
    log.stdout.readline()
    log.stdout.close()
    assert log.wait(timeout=LIMIT) != 0


def test_verify_tells_of_projections_that_it_cannot_see(aludel):
    prepare(aludel)
    processors = aludel.directory / "processors"
    for folder in aludel.directory, aludel.directory / "log", processors, processors / "x":
        folder.chmod(0o755)
    for folder in processors / "x", processors:
        folder.chmod(0)
        equal(verify_as_a_stranger(aludel, str(folder)), 1)
        folder.chmod(0o755)
    holds(aludel.run("verify"), "1 projection: good\n")
    (processors / "x" / "projection-1.db").unlink()
    out, _ = aludel.run("verify", status=1)
    holds(out, f"{processors}/x/projection.db: processor x: it leads to a database that is missing")


def test_status_tells_no_time_of_damage_that_it_has_found_itself(aludel):
    prepare(aludel)
    folder = aludel.directory / "processors" / "x"
    (folder / "projection-1.db-wal").unlink(missing_ok=True)
    (folder / "projection-1.db").write_bytes(b"x" * 8192)
    equal((aludel.processor()["state"], aludel.processor()["error"]["since"]), ("refused", None))
    line = aludel.run("status").splitlines()[-2]
    assert line.startswith("x refused: corrupt: "), line
    holds(line, f"; it is damaged; end the host, move {folder} away, and the next run makes it anew, without its dead letters")
    equal(aludel.run("processor", "list").splitlines()[1].split()[-1], "-")


def test_verify_names_what_is_wrong_with_a_log_that_no_projection_can_be_compared_with(aludel):
    prepare(aludel)
    segment = aludel.directory / "log" / "00000000000000000000.seg"
    segment.rename(segment.with_name("00000000000000000001.seg"))
    out, _ = aludel.run("verify", status=1)
    holds(out, f"{segment} at byte 0: the log's first segment is missing\n")
    holds(out, "no projection was compared with the log: ")
    for command in "status", "log":
        _, error = aludel.run(command, status=3)
        holds(error, f"read {segment} at offset 0: the segment is missing")


def verify_as_a_stranger(aludel, folder):
    """The exit status; the folder is named as one that may not be seen. Root may see everything."""
    stranger = AS_A_STRANGER if os.geteuid() == 0 else []
    done = subprocess.run(stranger + aludel.command("verify"), capture_output=True, text=True, timeout=LIMIT)
    holds(done.stdout, folder)
    holds(done.stdout, "Permission denied")
    return done.returncode


if __name__ == "__main__":
    main(globals())
