#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An operator's commands: what they do to one processor over restarts, kills and failures."""

import contextlib
import json
import os
import signal
import sqlite3
import struct
import subprocess

from harness import FACTS, LIMIT, children, equal, holds, main, until
from planned import FAIL_FAST, LETTERS, command, configure, plans, seen


def kill(process):
    """One that may have ended by itself meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def state_of(aludel):
    x = aludel.processor()
    return x["state"], -1 if x["cursor"] is None else x["cursor"]


def test_a_pause_survives_restarts_and_ends_with_resume(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {})
    aludel.drain()
    command(aludel, "pause", "x")
    plans(aludel, {})
    holds(aludel.drain(status=1), "not caught up: x (paused)")
    equal(seen(aludel), [0])
    command(aludel, "resume", "x")
    aludel.drain()
    equal(seen(aludel), [0, 1])


def test_what_a_paused_one_and_an_offline_one_wait_for_is_no_attempt(aludel):
    configure(aludel, 'strategy = "retry"', 'retry = { initial_delay = "1h", max_delay = "1h" }')
    plans(aludel, {"does": "retry"})

    def listed():
        x, text = aludel.json("processor", "list")[0], aludel.run("processor", "list")
        return x, text.splitlines()[1].split(None, 4)[4], text.splitlines()[2]

    with aludel.host():
        aludel.wait_for_state("retrying")
        x, waits, line = listed()
        assert waits.startswith("attempt 2 at ") and "; attempt 2 at " in line, (waits, line)
    x, waits, line = listed()
    equal(waits.split(), ["a", "host", x["error"]["since"]])
    assert "attempt 2" not in line, line
    holds(line, f"; a host tries again, not before {x['error']['next_try']}")
    command(aludel, "pause", "x")
    x, waits, line = listed()
    equal(waits.split(), ["aludel", "--data", str(aludel.directory), "processor", "resume", "x", x["paused_since"]])
    assert x["paused_since"] > x["error"]["since"], x
    holds(line, f"x paused since {x['paused_since']}, failed before at event 0 on {x['error']['since']}: planned: as planned; ")


def test_one_whose_process_has_died_waits_for_its_next_start(aludel):
    configure(aludel, FAIL_FAST)
    plans(aludel, {})
    with aludel.host() as host:
        aludel.wait_for_state("waiting")

        def told():
            for child in host.children():
                kill(child)
            return "its next start at 2" in aludel.run("processor", "list").splitlines()[1]

        until(told, "the list to tell the next start")


def test_a_running_processor_heeds_a_command_at_the_next_event(aludel):
    aludel.configure_unruly("batch_size = 1000")
    aludel.append(*["calm.slow"] * 500)
    with aludel.host():
        until(aludel.seen, "the first batch")
        command(aludel, "pause", "x")
        x = aludel.wait_for_state("paused")
        assert x["lag"] > 0, x
        equal(len(aludel.seen()), x["cursor"] + 1)


def test_what_a_diverged_one_would_lose_is_said(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {})
    aludel.drain()
    for file in (aludel.directory / "log").iterdir():
        file.unlink()
    plans(aludel, {})
    # Nobody has found it out by a run yet.
    x = aludel.processor()
    equal((x["state"], x["error"]["code"], x["error"]["since"]), ("diverged", "other_log", None))
    holds(command(aludel, "resume", "x", status=2)[1], 'resume processor "x": open the projection: it was made from log ')
    aludel.drain(status=1)
    reset = f"`aludel --data {aludel.directory} processor reset x`"
    holds(aludel.run("status"), f"; {reset} begins anew: it drops the handler's tables and discards its open letters\n")


def test_a_reset_begins_anew_and_tells_the_handler_so(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {}, {"does": "fail"}, {})
    aludel.drain()
    equal(command(aludel, "reset", "x"), "reset x: 1 dead letter was discarded\n")
    equal(aludel.json("dlq", "list"), [])
    equal([l["state"] for l in aludel.json("dlq", "list", "--all")], ["discarded"])
    aludel.drain()
    equal(seen(aludel), [0, 2])
    equal([(l["id"], l["event_id"]) for l in aludel.json("dlq", "list")], [(2, 1)])
    plans(aludel, {"does": "fail"})
    aludel.drain()
    equal(aludel.json("processor", "reset", "x"), {"processor": "x", "message": "2 dead letters were discarded"})
    equal(command(aludel, "reset", "x"), "reset x\n")


def test_a_command_is_applied_once_over_kills(aludel):
    configure(aludel, FAIL_FAST)
    plans(aludel, *[{"does": "fail"}] * 40)
    with aludel.host() as host:
        aludel.wait_for_state("stopped")
        for n in range(12):
            skipping = subprocess.Popen(aludel.command("processor", "skip", "x"), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
            for child in host.children():
                kill(child)
            skipping.wait(timeout=LIMIT)
            equal(skipping.returncode, 0)
            until(lambda: state_of(aludel) == ("stopped", n), f"{n + 1} skipped, not {state_of(aludel)}")
    equal(aludel.processor()["skipped"], 12)


def test_letters_are_replayed_and_those_that_fail_again_count_up(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {"does": "fail"}, {}, {"does": "fail", "until": 1, "writes": True}, {"does": "retry", "until": 1})
    aludel.drain()
    equal(seen(aludel), [1])
    dry = json.loads(aludel.run("--json", "dlq", "replay", "x", "--all", "--dry-run", status=1)[0])
    equal((dry["succeeded"], dry["failed"]), (2, 1))
    equal((seen(aludel), len(aludel.json("dlq", "list"))), ([1], 3))
    out, _ = aludel.run("dlq", "replay", "x", "--all", status=1)
    equal(out, "replayed 2 dead letters; 1 failed again\n")
    equal(seen(aludel), [1, 2, 3])
    equal([(l["event_id"], l["attempts"], l["state"]) for l in aludel.json("dlq", "list", "--all")],
          [(0, 2, "dead"), (2, 1, "replayed"), (3, 1, "replayed")])
    x = aludel.processor()
    equal((x["handled"], x["dead_letters"], x["cursor"]), (3, 1, 3))
    equal(aludel.run("dlq", "discard", "x", "--id", 1), "discarded 1 dead letter\n")
    equal(aludel.processor()["dead_letters"], 0)
    holds(aludel.run("dlq", "discard", "x", status=2)[1], "say which")
    for action in "replay", "discard":
        for id, why in (99, "there is no dead letter 99; `dlq list` shows those that there are"), \
                       (1, "dead letter 1 is closed: it was discarded"), (2, "dead letter 2 is closed: it was replayed"):
            equal(aludel.run("dlq", action, "x", "--id", id, status=2), ("", f'aludel: {action} dead letters of "x": {why}\n'))


def test_nothing_is_discarded_if_one_of_the_letters_named_is_not_open(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {"does": "fail"})
    aludel.drain()
    holds(aludel.run("dlq", "discard", "x", "--id", 1, "--id", 2, status=2)[1], "there is no dead letter 2")
    equal(len(aludel.json("dlq", "list")), 1)


def test_a_letter_whose_replay_kills_the_process_has_failed_again(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {"does": "crash"}, {"does": "fail", "until": 1})
    with aludel.host():
        until(lambda: aludel.processor()["dead_letters"] == 2, "the letters")
        out, _ = aludel.run("--json", "dlq", "replay", "x", "--all", status=1)
        equal((json.loads(out)["succeeded"], json.loads(out)["failed"]), (1, 1))
        letter, = aludel.json("dlq", "list", "x")
        equal((letter["event_id"], letter["code"], letter["attempts"]), (0, "crashed", 2))
        aludel.wait_for_state("waiting")
        holds(aludel.run("dlq", "replay", "x", "--all", "--dry-run", status=1)[0], "stopped at letter 1: event 0: crashed")
    equal(seen(aludel), [1])


def test_a_replay_survives_letters_that_crash_and_hang_with_a_host_and_without(aludel):
    configure(aludel, LETTERS, 'timeout = "1s"')
    plans(aludel, {"does": "wait", "letter": True, "for": "/nowhere/gate"}, {"does": "crash"}, {"does": "fail", "until": 1}, {"does": "fail", "until": 2})
    aludel.drain()
    replay = lambda *more: aludel.run("dlq", "replay", "x", "--all", *more, status=1)[0]
    letters = lambda: [(l["event_id"], l["code"], l["attempts"]) for l in aludel.json("dlq", "list")]
    equal(replay(), "replayed 1 dead letter; 3 failed again\n")
    equal(letters(), [(0, "timed_out", 2), (1, "crashed", 2), (3, "planned", 2)])
    told = replay("--dry-run")
    holds(told, "would replay 0 dead letters; 1 failed again; stopped at letter 1: event 0: timed_out: ")
    with aludel.host():
        aludel.wait_for_state("waiting")
        equal(replay("--dry-run"), told)
        equal(replay(), "replayed 1 dead letter; 2 failed again\n")
    equal(letters(), [(0, "timed_out", 3), (1, "crashed", 3)])
    equal(seen(aludel), [2, 3])
    equal(aludel.processor()["state"], "offline")


def test_a_letter_whose_replay_kills_the_process_makes_a_stopped_one_try_nothing_again(aludel):
    configure(aludel, LETTERS, 'on = { retry = "fail_fast" }')
    plans(aludel, {"does": "crash"}, {"does": "retry"})
    with aludel.host():
        since = aludel.wait_for_state("stopped")["error"]["since"]
        equal(aludel.run("dlq", "replay", "x", "--all", status=1)[0], "replayed 0 dead letters; 1 failed again\n")
        equal(aludel.wait_for_state("stopped")["error"]["since"], since)


def test_a_replay_whose_process_is_killed_from_outside_goes_on_at_the_same_letter(aludel):
    gate = aludel.directory / "gate"
    configure(aludel, LETTERS)
    plans(aludel, {"does": "wait", "letter": True, "for": str(gate)}, {"does": "fail", "until": 1})
    with aludel.host() as host:
        until(lambda: aludel.processor()["dead_letters"] == 2, "the letters")
        replay = subprocess.Popen(aludel.command("dlq", "replay", "x", "--all"), stdout=subprocess.PIPE, text=True)
        child, *_ = until(lambda: (call := aludel.in_flight()) and call[1:] == (0, 2) and call, "the replay")
        os.kill(child, signal.SIGKILL)
        gate.touch()
        equal((replay.communicate(timeout=LIMIT)[0], replay.returncode), ("replayed 2 dead letters\n", 0))
    equal([(l["state"], l["attempts"], l["replays"]) for l in aludel.json("dlq", "list", "--all")], [("replayed", 1, 0)] * 2)


def test_letters_are_chosen_by_what_they_are_about(aludel):
    configure(aludel, LETTERS)
    aludel.append_events(*({"type": "plan", "subject": key, "data": {"does": does}} for key, does in
                           [("a", "fail"), ("b", "fail"), ("a", "throw"), ("c", "constraint")]))
    with aludel.host():
        aludel.wait_for_state("waiting")
        listed = lambda *filters: [l["event_id"] for l in aludel.json("dlq", "list", "x", *filters)]
        equal(listed(), [0, 1, 2, 3])
        equal(listed("--key", "a"), [0, 2])
        equal(listed("--code", "planned", "--key", "a"), [0])
        equal(listed("--type", "pl*", "--limit", 2), [0, 1])
        equal(listed("--type", "x*"), [])
        equal(listed("--id", 2, "--id", 4), [1, 3])
        equal(listed("--since", "1h"), [0, 1, 2, 3])
        equal(listed("--until", "1h"), [])
        groups = aludel.json("dlq", "groups")
        equal([(g["count"], g["code"], g["example"]) for g in groups], [(2, "planned", 1), (1, "exception", 3), (1, "constraint", 4)])
        equal(aludel.run("dlq", "discard", "x", "--key", "a"), "discarded 2 dead letters\n")
        equal(listed(), [1, 3])
        lines = aludel.run("dlq", "export", "x").splitlines()
        equal([json.loads(line)["event"]["subject"] for line in lines], ["b", "c"])


def test_one_damaged_projection_hides_no_letters_of_others(aludel):
    aludel.configure("".join(f'[processor.{p}]\nplugin = "{FACTS["planned"]}"\n{LETTERS}\n' for p in ("a", "b", "c", "d")))
    plans(aludel, {"does": "fail"})
    aludel.drain()
    folder = aludel.directory / "processors"
    (folder / "a" / "projection-1.db").write_bytes(b"no database" * 1_000)
    (folder / "b" / "projection-1.db").unlink()
    for file in (folder / "c").glob("projection*"):
        file.unlink()
    remedy = lambda p: f"it is damaged; end the host, move {folder / p} away, and the next run makes it anew, without its dead letters\n"
    for command in "list", "groups", "export":
        for output in [], ["--json"]:
            out, error = aludel.run(*output, "dlq", command, status=3)
            holds(out, "planned")
            lines = error.splitlines(keepends=True)
            equal(len(lines), 2)
            for line, p in zip(lines, "ab"):
                assert line.startswith(f'aludel: read the dead letters of processor "{p}": ') and line.endswith(remedy(p)), line
    equal([l["processor"] for l in json.loads(aludel.run("--json", "dlq", "list", status=3)[0])], ["d"])
    holds(aludel.run("dlq", "show", "a", 1, status=3)[1], remedy("a"))
    holds(aludel.run("processor", "pause", "a", status=3)[1], remedy("a"))
    for command in ["list", "c"], ["groups", "c"], ["export", "c"], ["show", "c", 1]:
        equal(aludel.run("dlq", *command, status=2), ("", 'aludel: processor "c" has no projection yet: a host has to run it first\n'))


def test_a_table_of_letters_ends_at_1000_and_says_so(aludel):
    configure(aludel, LETTERS)
    plans(aludel, *[{"does": "fail"}] * 1001)
    aludel.drain()
    listed = lambda *more: subprocess.run(aludel.command("dlq", "list", *more), capture_output=True, text=True, timeout=LIMIT)
    table = listed()
    equal(len(table.stdout.splitlines()), 1 + 1000)
    equal(table.stderr, "aludel: x has more letters than the first 1,000, which are shown: --limit N or --json shows more\n")
    for more, count in (("--limit", "1000"), 1000), (("--limit", "2000"), 1001), (("--until", "1h"), 0):
        table = listed(*more)
        equal((len(table.stdout.splitlines()), table.stderr), (1 + count, ""))
    equal(len(aludel.json("dlq", "list")), 1001)


def test_a_table_of_letters_shows_long_messages_in_short(aludel):
    aludel.configure_unruly(LETTERS, config=f'message = "{"wide   text " * 20}"')
    aludel.append("unruly.fail")
    aludel.drain()
    for command in "list", "groups":
        holds(aludel.run("dlq", command), "  " + ("wide text " * 8)[:77] + "...  ")
        equal(aludel.json("dlq", command)[0]["message"], "wide   text " * 20)


def leave_journal_of(queue, victim):
    """What a plugin may: a database whose journal, to be played back, says that `victim` is the journal of several databases. SQLite removes that at its end."""
    with contextlib.closing(sqlite3.connect(queue)) as database:
        database.execute("pragma journal_mode = delete")
    magic = bytes.fromhex("d9d505f920a163d7")
    name = str(victim).encode()
    header = (magic + struct.pack(">5I", 0, 1, queue.stat().st_size // 4096, 512, 4096)).ljust(512, b"\0")
    tail = struct.pack(">I", (1 << 30) // 4096 + 1) + name + struct.pack(">2I", len(name), sum(name)) + magic
    queue.with_name("control.db-journal").write_bytes(header + tail)


def test_what_a_plugin_leaves_in_its_folder_has_no_command_remove_anything_elsewhere(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {})
    aludel.drain()
    command(aludel, "pause", "x")
    victim = aludel.directory / "log" / "victim"
    victim.write_text("there")
    leave_journal_of(aludel.directory / "processors/x/control.db", victim)
    holds(command(aludel, "resume", "x", status=3)[1], "disk I/O error, Permission denied")
    command(aludel, "resume", "x")
    equal(victim.read_text(), "there")
    leave_journal_of(aludel.directory / "processors/x/control.db", victim)
    done = subprocess.run([FACTS["without_landlock"], *aludel.command("processor", "pause", "x")], capture_output=True, text=True, timeout=LIMIT)
    equal(done.returncode, 3)
    holds(done.stderr, "processors/x/control.db-journal may be its plugin's, to have other files removed: remove it")
    equal(victim.read_text(), "there")


def test_a_projection_that_is_a_view_without_end_holds_up_nobody(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {})
    aludel.drain()
    with contextlib.closing(sqlite3.connect(aludel.directory / "processors/x/projection.db")) as projection:
        columns = [row[1] for row in projection.execute("pragma table_info(_aludel_cursor)")]
        values = ", ".join(f"x as {column}" for column in columns)
        projection.execute("drop table _aludel_cursor")
        projection.execute(f"create view _aludel_cursor as with recursive c (x) as (select 1 union all select x + 1 from c) select {values} from c where x < 0")
        for change in "insert", "update", "delete":
            projection.execute(f"create trigger t{change} instead of {change} on _aludel_cursor begin select 1; end")
        projection.commit()
    x = aludel.processor()
    equal(x["state"], "refused")
    holds(x["error"]["message"], "_aludel_cursor is no table; restore it")
    plans(aludel, {})
    with aludel.host():
        equal(aludel.wait_for_state("refused")["error"]["code"], x["error"]["code"])
    holds(command(aludel, "pause", "x", status=3)[1], "_aludel_cursor is no table; restore it")


def test_a_processor_is_removed_once_no_config_names_it(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {"does": "fail"})
    aludel.drain()
    holds(command(aludel, "remove", "x", status=2)[1], "still names it")
    aludel.configure("")
    holds(command(aludel, "remove", "x", status=2)[1], "it has 1 open dead letter: export them")
    command(aludel, "remove", "x", "--with-letters")
    for folder in "processors", "host":
        equal(list((aludel.directory / folder).iterdir()), [])
    holds(command(aludel, "pause", "x", status=2)[1], 'there is no processor "x"')


if __name__ == "__main__":
    main(globals())
