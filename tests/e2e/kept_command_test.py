#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An operator's commands where they cannot be applied at once: what hangs, does not come up, is frozen, gone or damaged."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess

from harness import FACTS, LIMIT, children, equal, holds, main, until
from planned import FAIL_FAST, LETTERS, command, configure, plans, seen


def has_socket(process):
    for file in pathlib.Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(file).startswith("socket:"):
                return True
    return False


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


if __name__ == "__main__":
    main(globals())
