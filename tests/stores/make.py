#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a store with the build that is at hand: make.py NAME program=... ledger=... unruly=... planned=... chain=..."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from harness import FACTS, Aludel, until  # noqa: E402
import store  # noqa: E402


def append_fillers(aludel, count):
    aludel.append_events(*[{"type": "filler", "data": "x" * 3_000_000}] * count)


def letter_states(aludel, name):
    return [letter["state"] for letter in aludel.json("dlq", "list", "--all") if letter["processor"] == name]


def begin_behind_a_drop(aludel):
    aludel.configure('[log]\nsegment_size = "8MiB"\nmax_bytes = "16MiB"\n')
    append_fillers(aludel, 7)
    with aludel.host() as host:
        until(lambda: aludel.json("status")["log"]["first"] > 0, "the drop")
        host.end()


def work(aludel):
    """Rows, and letters that are dead, replayed, discarded and permanent; a pause with events behind it."""
    plan = lambda **data: {"type": "plan", "data": data}
    aludel.configure(store.config())
    aludel.append_events(*store.bank_events(), producer="bank")
    aludel.append_events(plan(does="fail", until=1), plan(does="fail"), plan(does="fail"), plan(does="fail"), plan(),
                         plan(does="wait", letter=True, **{"for": store.GATE}), producer="plans")
    aludel.append("calm", "unruly.fail", "calm")
    append_fillers(aludel, 5)
    with aludel.host() as host:
        until(lambda: letter_states(aludel, "x") == ["permanent"], "the replays to be used up")
        until(lambda: letter_states(aludel, "planned") == ["dead"] * 5, "the letters")
        aludel.run("dlq", "replay", "planned", "--id", 1)
        aludel.run("dlq", "discard", "planned", "--id", 2)
        aludel.wait_for_state("waiting", "ledger")
        aludel.run("processor", "pause", "ledger")
        host.end()
    aludel.append_events({"type": "deposit", "data": {"account": 3, "amount": 1000}}, {"type": "calm.print"})


def leave_in_the_midst(aludel):
    """A host that is killed with a replay under way, commands behind it, and emitted events that the log does not take."""
    aludel.append_events(*({"type": "link.0", "data": {"n": n}} for n in range(5)))
    aludel.configure(store.config(log='min_free = "1024TiB"'))
    with aludel.host() as host:
        until(lambda: aludel.processor("chain")["emits_pending"] == 5, "what is emitted")
        waiting = [subprocess.Popen(aludel.command("dlq", "replay", "planned", "--id", "5"))]
        until(lambda: "replaying" in letter_states(aludel, "planned") and aludel.in_flight("planned"), "the replay")
        waiting.append(subprocess.Popen(aludel.command("dlq", "discard", "planned", "--id", "3")))
        until(lambda: aludel.processor("planned")["commands_kept"] == 2, "the command behind it")
        children = host.children()
        host.end(signal.SIGKILL)
        until(lambda: not any(pathlib.Path(f"/proc/{child}/cmdline").exists() and
                              pathlib.Path(f"/proc/{child}/cmdline").read_bytes() for child in children), "the children to end")
    for process in waiting:
        process.kill()
        process.wait()


def main():
    target = HERE / sys.argv[1]
    for argument in sys.argv[2:]:
        name, value = argument.split("=", 1)
        FACTS[name] = value
    target.mkdir()
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as copy:
        aludel = Aludel(directory)
        os.chdir(directory)
        begin_behind_a_drop(aludel)
        work(aludel)
        leave_in_the_midst(aludel)
        store.pack(aludel.directory, target / "data.tar.xz")
        later = Aludel(copy)
        store.unpack(target / "data.tar.xz", copy)
        later.configure(store.config())
        expected = {"before": store.look(later), "after": store.go_on(later)}
        (target / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
        os.chdir("/")


if __name__ == "__main__":
    main()
