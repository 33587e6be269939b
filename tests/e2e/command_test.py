#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An operator's commands: what they do to one processor over restarts, kills and failures."""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess

from harness import FACTS, LIMIT, children, equal, holds, main, until

FAIL_FAST = 'strategy = "fail_fast"'
LETTERS = 'strategy = "dead_letter"'


def configure(aludel, strategy, more=""):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\n{strategy}\n{more}\n')


def plans(aludel, *datas):
    aludel.append_events(*({"type": "plan", "data": data} for data in datas))


def seen(aludel):
    return [row["id"] for row in aludel.json("query", "x", "select id from seen order by id")]


def command(aludel, *arguments, status=0):
    return aludel.run("processor", *arguments, status=status)


def has_socket(process):
    for file in pathlib.Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(file).startswith("socket:"):
                return True
    return False


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


def test_a_replay_that_hangs_is_reported_and_ends_once_the_call_returns(aludel):
    gate = aludel.directory / "gate"
    configure(aludel, LETTERS, 'timeout = "1h"')
    plans(aludel, {"does": "wait", "letter": True, "writes": True, "for": str(gate)}, {})
    with aludel.host():
        until(lambda: aludel.processor()["dead_letters"] == 1, "the letter")
        aludel.wait_for_state("waiting")
        _, error = aludel.run("dlq", "replay", "x", "--all", status=1)
        holds(error, 'processor "x" hangs in a call of its handler; command 1 is kept, and applied once it can be')
        x = aludel.processor()
        equal((x["state"], x["error"]["event_id"], x["error"]["stage"]), ("hanging", 0, "handle"))
        holds(x["error"]["message"], "handle of event 0 has not returned; it is killed at 2")
        holds(aludel.run("status"), f"x hanging at event 0 since {x['error']['since']}: handle of event 0 has not returned; it is killed at ")
        gate.touch()
        until(lambda: aludel.json("dlq", "list") == [], "the replay to end")
        equal(aludel.wait_for_state("waiting")["error"], None)
    equal(seen(aludel), [0, 1])


def test_a_replay_that_no_handler_can_be_brought_up_for_is_reported_and_kept(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {"does": "fail", "until": 1})
    aludel.drain()
    configure(aludel, LETTERS, 'config = { in = "create" }')
    replay = "dlq", "replay", "x", "--all"
    holds(aludel.run(*replay, status=1)[1], 'processor "x" did not apply it: it is refused: planned: as planned in create; command 1 is kept')
    with aludel.host():
        aludel.wait_for_state("refused")
        why = aludel.processor()["error"]["message"]
        holds(aludel.run(*replay, status=1)[1], f'processor "x" is refused: {why}; command 2 is kept, and applied once it can be')
    equal([l["state"] for l in aludel.json("dlq", "list")], ["replaying"])
    equal(aludel.processor()["commands_kept"], 2)
    holds(aludel.run("status"), "\nx commands kept: 2\n")
    configure(aludel, LETTERS)
    aludel.drain()
    equal((seen(aludel), aludel.json("dlq", "list")), ([0], []))
    equal(aludel.processor()["commands_kept"], 0)


def test_a_replay_whose_handler_does_not_come_up_yet_is_reported_and_kept(aludel):
    gate = aludel.directory / "gate"
    configure(aludel, LETTERS)
    plans(aludel, {"does": "fail", "until": 1})
    aludel.drain()
    configure(aludel, LETTERS, f'config = {{ awaits = "{gate}" }}')
    replay = "dlq", "replay", "x", "--all"
    equal(aludel.run(*replay, status=1), ("", 'aludel: processor "x" did not apply it: it is retrying: planned: not there yet; '
                                              'command 1 is kept, and applied once it can be\n'))
    equal(command(aludel, "pause", "x"), "paused x\n")  # nor is a pause held up
    with aludel.host():
        aludel.wait_for_state("retrying")
        equal(command(aludel, "resume", "x"), "resumed x\n")
        equal(aludel.run(*replay, status=1), ("", 'aludel: processor "x" is retrying: not there yet; command 4 is kept, and applied once it can be\n'))
        gate.touch()
        until(lambda: aludel.json("dlq", "list") == [], "the replay")
    equal(seen(aludel), [0])


def test_a_command_is_answered_by_whoever_has_the_folder_when_a_host_starts(aludel):
    configure(aludel, FAIL_FAST)
    plans(aludel, {})
    aludel.drain()
    with open(aludel.directory / "processors/x/lock", "r+") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        pause = subprocess.Popen(aludel.command("processor", "pause", "x"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: children(pause.pid), "the command to wait for the folder with a child of its own")
        with aludel.host():
            until(lambda: not children(pause.pid), "the command to leave it to the host")
            fcntl.lockf(lock, fcntl.LOCK_UN)
            equal((*pause.communicate(timeout=LIMIT), pause.returncode), ("paused x\n", "", 0))
            aludel.wait_for_state("paused")


def test_a_command_is_applied_though_the_host_dies_before_it_has_heard_of_it(aludel):
    configure(aludel, FAIL_FAST)
    plans(aludel, {"does": "fail"}, {})
    with aludel.host() as host:
        aludel.wait_for_state("stopped")
        host.process.send_signal(signal.SIGSTOP)
        skip = subprocess.Popen(aludel.command("processor", "skip", "x"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: has_socket(skip.pid), "the command to talk to the host")
        host.end(signal.SIGKILL)
        equal((*skip.communicate(timeout=LIMIT), skip.returncode), ("skipped in x: event 0\n", "", 0))
    aludel.drain()
    equal(seen(aludel), [1])


def test_a_command_that_a_frozen_host_does_not_answer_is_said_to_be_kept(aludel):
    configure(aludel, FAIL_FAST)
    plans(aludel, {"does": "fail"}, {})
    with aludel.host() as host:
        aludel.wait_for_state("stopped")
        host.process.send_signal(signal.SIGSTOP)
        _, error = command(aludel, "skip", "x", status=1)
        equal(error, "aludel: talk to the host: it has not answered in 5s; command 1 is kept, and applied once it can be\n")
        host.process.send_signal(signal.SIGCONT)
        aludel.wait_for_state("waiting")
    equal(seen(aludel), [1])


def test_a_command_that_a_frozen_processor_does_not_take_up_is_said_to_be_kept(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {})
    with aludel.host() as host:
        aludel.wait_for_state("waiting")
        child = host.children()[0]
        os.kill(child, signal.SIGSTOP)
        _, error = command(aludel, "pause", "x", status=1)
        holds(error, 'processor "x" is waiting, but has not taken it up in 30s: look whether its process is stopped')
        holds(error, "; command 1 is kept, and applied once it can be\n")
        os.kill(child, signal.SIGCONT)
        aludel.wait_for_state("paused")


def test_one_that_the_host_could_not_start_is_not_resumed_but_started_with_the_next(aludel):
    plugin = aludel.directory / "cust.so"
    shutil.copy(FACTS["planned"], plugin)
    aludel.configure(f'[processor.x]\nplugin = "{plugin}"\n')
    plans(aludel, {})
    aludel.drain()
    command(aludel, "pause", "x")
    plugin.unlink()
    remedy = "mend it, then start the host again"
    with aludel.host():
        aludel.wait_for_state("refused")
        line = aludel.run("status").splitlines()[-1]
        holds(line, "x refused since ")
        holds(line, f"; {remedy}")
        holds(aludel.run("processor", "list").splitlines()[1], "a new start of the host")
        shutil.copy(FACTS["planned"], plugin)
        out, error = command(aludel, "resume", "x", status=1)
        equal(out, "")
        holds(error, f'aludel: processor "x" is refused: refuse {plugin}: ')
        holds(error, f"; {remedy}\n")
    plans(aludel, {})
    aludel.drain()  # the pause is over
    equal(seen(aludel), [0, 1])


def test_a_damaged_queue_of_commands_is_removed_and_nothing_else_is_lost(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {}, {"does": "fail"})
    aludel.drain()
    command(aludel, "pause", "x")
    command(aludel, "resume", "x")
    queue = aludel.directory / "processors/x/control.db"
    for more in "-wal", "-shm":
        queue.with_name(queue.name + more).unlink()
    queue.write_bytes(b"no database" * 1000)
    helps = f"end the host and remove {queue}: the commands that are kept in it are lost, the processor's projection and dead letters are not"
    holds(command(aludel, "pause", "x", status=3)[1], helps)
    holds(aludel.drain(status=1), helps)
    line = aludel.run("status").splitlines()[-1]
    holds(line, helps)
    assert "without its dead letters" not in line, line
    queue.unlink()
    command(aludel, "pause", "x")
    command(aludel, "resume", "x")
    aludel.drain()
    equal((seen(aludel), len(aludel.json("dlq", "list"))), ([0], 1))


def test_one_that_has_never_run_takes_no_commands(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\n[processor.gone]\nplugin = "/nowhere/gone.so"\n')
    never = 'processor "x" has no projection yet: a host has to run it first\n'
    for told in command(aludel, "pause", "x", status=2), aludel.run("dlq", "replay", "x", "--all", status=2):
        equal(told, ("", f"aludel: {never}"))
    holds(command(aludel, "pause", "y", status=2)[1], 'there is no processor "y" in ')
    with aludel.host():
        aludel.wait_for_state("waiting")
        holds(command(aludel, "resume", "gone", status=1)[1], 'processor "gone" is refused: refuse /nowhere/gone.so: ')
        command(aludel, "pause", "x")


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


def test_a_processor_is_removed_once_no_config_names_it(aludel):
    configure(aludel, LETTERS)
    plans(aludel, {"does": "fail"})
    aludel.drain()
    holds(command(aludel, "remove", "x", status=2)[1], "still names it")
    aludel.configure("")
    holds(command(aludel, "remove", "x", status=2)[1], "it has 1 open dead letter: export them")
    command(aludel, "remove", "x", "--with-letters")
    assert not (aludel.directory / "processors/x").exists()
    holds(command(aludel, "pause", "x", status=2)[1], 'there is no processor "x"')


if __name__ == "__main__":
    main(globals())
