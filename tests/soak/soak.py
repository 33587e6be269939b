#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random events, commands, kills, disk faults and restarts, held against a model of what must hold.

A story is one data directory, from its first event to the end of all work. What happens in it is drawn from its seed,
which a failure prints; the exact instruction at which something is killed cannot be repeated. The last line is
"1 passed, 0 failed", or the other way round.
"""

import argparse
import collections
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

from harness import LIMIT, Aludel, FACTS, Host, children, equal, until  # noqa: E402
from model import Model  # noqa: E402

PRODUCERS = 3
BATCH_MAX = 40  # events
BULK = 250_000  # bytes of an event that only fills the log
FAULTS = (40, 200, 1000)  # one in so many calls fails
LIVES_END = 8  # seconds at most

PLANNED = """
[processor.planned]
plugin = "{planned}"
batch_size = {batch}
strategy = "dead_letter"
on = {{ retry = "retry" }}
retry = {{ max_retries = 5, initial_delay = "5ms" }}
"""
LINK = """
[processor.link{n}]
plugin = "{chain}"
types = ["link.{before}"]
batch_size = {batch}
config = {{ emits = "link.{n}", in = "{where}" }}
"""
KEPT = """
[log]
segment_size = "8MiB"
max_age = "1ms"
"""


class Operator:
    """What is done to a story from outside; each answer is held against what a command may say."""

    def __init__(self, story):
        self.story, self.random = story, story.random
        # Of an event whose letter was discarded before a reset another one may be made.
        self.gives_up = self.random.choice(["reset", "discard"])

    def run(self, *arguments):
        done = subprocess.run(self.story.aludel.command(*arguments), capture_output=True, text=True, timeout=2 * LIMIT)
        told = f"{' '.join(arguments)}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        assert done.returncode in (0, 1, 2, 3), told
        assert done.returncode == 0 or done.stderr.strip() or done.stdout.strip(), told + "it says nothing"
        return done

    def command(self):
        name = self.random.choice(self.story.processors)
        what = self.random.choices(
            ["pause", "resume", "skip", self.gives_up, "replay", "rehearse", "replay_code"],
            weights=[3, 6, 3, 1, 4, 2, 3])[0]
        self.story.counts["commands"] += 1
        if what in ("pause", "resume", "skip", "reset"):
            self.run("processor", what, name)
        elif what == "replay":
            self.run("dlq", "replay", name, "--all")
        elif what == "rehearse":
            self.run("dlq", "replay", name, "--all", "--dry-run")
        elif what == "replay_code":
            self.run("dlq", "replay", name, "--code", "interrupted")
        else:
            self.run("dlq", "discard", name, "--since", "2s")

    def look(self):
        name = self.random.choice(self.story.processors)
        command = self.random.choice([
            ["status"], ["processor", "list"], ["dlq", "list", name], ["dlq", "groups", name], ["verify"],
            ["log", "--limit", "5"], ["query", name, "select count(*) from _aludel_letter"], ["config", "check"],
        ])
        done = self.run(*command)
        if command == ["verify"]:
            assert done.returncode == 0 or self.story.had_faults, done.stdout + done.stderr

    def back_up(self):
        done = self.run("backup", str(self.story.backups))
        assert done.returncode == 0 or self.story.had_faults, done.stderr
        self.story.counts["backups"] += done.returncode == 0

    def kill_child(self):
        victims = children(self.story.host.process.pid)
        if victims:
            kill(self.random.choice(victims))
            self.story.counts["kills"] += 1

    def turn_faults(self):
        if self.story.faults.exists():
            self.story.faults.unlink()
        else:
            self.story.faults.write_text(str(self.random.choice(FAULTS)))
            self.story.had_faults = True
            self.story.counts["times of faults"] += 1


class Story:
    def __init__(self, arguments, seed, directory):
        self.arguments, self.random = arguments, random.Random(seed)
        self.aludel = Aludel(directory / "data")
        self.aludel.directory.mkdir(mode=0o700)
        self.faults = directory / "faults"
        self.backups = directory / "backups"
        self.keeps_all = self.random.random() < 0.7
        self.processors = ["link1", "link2"] + (["planned"] if self.keeps_all else [])
        self.model = Model(self.random)
        self.pending = {}  # by producer: a batch that was not acknowledged
        self.counts = collections.Counter()
        self.host = None
        self.had_faults = False
        self.operator = Operator(self)

    def play(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.life(min(deadline, time.monotonic() + self.random.uniform(0.5, LIVES_END)))
        self.settle()
        self.model.check(self.aludel, self.keeps_all)
        self.restore()
        self.counts["events"] = self.model.appended()

    def configure(self):
        batch = self.random.choice([1, 3, 20, 1000])
        links = "".join(LINK.format(n=n, before=n - 1, chain=FACTS["chain"], batch=batch, where=where)
                        for n, where in ((1, "handle"), (2, "flush")))
        more = PLANNED.format(planned=FACTS["planned"], batch=batch) if self.keeps_all else KEPT
        self.aludel.configure(links + more)

    def start(self):
        """A host, on a disk that is in order when it begins."""
        self.faults.unlink(missing_ok=True)
        self.had_faults = False
        self.configure()
        socket = self.aludel.socket
        socket.unlink(missing_ok=True)
        self.host = Host(self.aludel, [])
        until(lambda: socket.exists() or self.host.process.poll() is not None, "the host to serve")
        assert self.host.process.poll() is None, "the host did not start:\n" + self.host.log()
        self.counts["lives"] += 1

    def life(self, deadline):
        self.start()
        with self.host:
            if self.random.random() < 0.5:
                self.work_until_killed(deadline)
            else:
                self.work_to_the_end(deadline)

    def act(self):
        act = self.random.choices(
            [self.append, self.operator.command, self.operator.look, self.operator.back_up, self.operator.kill_child,
             self.operator.turn_faults, self.wait],
            weights=[40, 6, 3, 0.5, 3, 1.5, 10])[0]
        act()

    def work_until_killed(self, deadline):
        """In the middle of whatever it is that is done then."""
        killer = threading.Timer(deadline - time.monotonic(), kill, [self.host.process.pid])
        killer.start()
        while killer.is_alive():
            self.act()
            ended = self.host.process.poll()
            assert ended in (None, -signal.SIGKILL), f"the host has ended with {ended}:\n{self.host.log()[-4000:]}"
        self.host.wait()
        self.counts["kills"] += 1

    def work_to_the_end(self, deadline):
        while time.monotonic() < deadline:
            self.act()
            assert self.host.process.poll() is None, "the host has ended:\n" + self.host.log()[-4000:]
        self.faults.unlink(missing_ok=True)
        status, log = self.host.end()
        assert status == 0 or self.had_faults, f"the host ended with {status}:\n{log[-4000:]}"

    def wait(self):
        time.sleep(self.random.uniform(0, 0.1))

    def append(self):
        producer = f"p{self.random.randrange(PRODUCERS)}"
        batch = self.pending.get(producer)
        if batch is None:
            batch = self.model.make_batch(producer, self.random.randint(1, BATCH_MAX),
                                          0 if self.keeps_all else BULK)
            self.pending[producer] = batch
        self.send(producer, batch)

    def send(self, producer, batch):
        """@return whether it was acknowledged"""
        first, events = batch
        lines = "".join(json.dumps(event) + "\n" for event in events)
        try:
            status, answer = self.aludel.request("POST", "/v1/events", lines, Content_Type="application/x-ndjson",
                                                 Aludel_Producer=producer, Aludel_Sequence=str(first))
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return False
        told = f"{producer} from {first}: {status} {answer}"
        if status == 200:
            assert answer["count"] + answer["duplicates"] == len(events), told
            self.counts["repeated appends"] += answer["duplicates"] > 0
            del self.pending[producer]
            return True
        # Only a disk that fails is a reason.
        assert self.had_faults and status in (500, 503, 507), told
        self.counts["refused appends"] += 1
        return False

    def settle(self):
        """All that was begun is brought to its end, on a disk that is in order."""
        self.start()
        with self.host:
            for producer, batch in sorted(self.pending.items()):
                assert self.send(producer, batch), f"an append on a good disk was refused: {producer}"
            status, log = self.host.end()
            assert status == 0, f"the host ended with {status}:\n{log[-4000:]}"
        self.work_off(self.aludel, self.operator.run)

    def work_off(self, aludel, run):
        """Until every processor is at the tip."""
        stood_at = []
        while len(stood_at) < 20 or stood_at[-1] != stood_at[-20]:
            done = run("run", "--drain", "--timeout", f"{LIMIT}s")
            if done.returncode == 0:
                return
            processors = aludel.json("status")["processors"]
            stood_at.append([p["cursor"] for p in processors])
            for processor in processors:
                # An event that stops it once is skipped or not, as it comes.
                what = "skip" if processor["state"] == "stopped" and self.random.random() < 0.5 else "resume"
                run("processor", what, processor["name"])
        raise AssertionError(f"the work does not end:\n{done.stderr}\n{aludel.run('status')}")


    def restore(self):
        """The newest backup can be restored, is whole, has the beginning of the log, and can be worked off."""
        if not self.counts["backups"]:
            return
        restored = Aludel(self.backups.parent / "restored")
        restored.run("restore", str(self.backups))
        restored.run("verify")
        log = read_log(restored)
        if self.keeps_all:
            equal(log, read_log(self.aludel)[:len(log)])
        self.work_off(restored, lambda *arguments: subprocess.run(
            restored.command(*arguments), capture_output=True, text=True, timeout=2 * LIMIT, check=False))
        restored.run("verify")
        links = sum(event["type"] == "link.0" for event in log)
        for name in ("link1", "link2"):
            self.model.check_link(restored, name, links)


def read_log(aludel):
    return [json.loads(line) for line in aludel.run("log").splitlines()]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def arguments_of(parser):
    parser.add_argument("--aludel", required=True, help="the program")
    parser.add_argument("--planned", required=True, help="the plugin that misbehaves as planned, libplanned.so")
    parser.add_argument("--chain", required=True, help="the plugin of the links, libchain.so")
    parser.add_argument("--flaky-disk", required=True, help="what makes calls on files fail, libflaky_disk.so")
    parser.add_argument("--minutes", type=float, default=60, help="how long, about (default 60)")
    parser.add_argument("--story", type=float, default=60, help="seconds of a story before it settles (default 60)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="of the first story")
    arguments = parser.parse_args()
    FACTS.update(program=arguments.aludel, planned=str(pathlib.Path(arguments.planned).resolve()),
                 chain=str(pathlib.Path(arguments.chain).resolve()))
    return arguments


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    arguments = arguments_of(argparse.ArgumentParser(description=__doc__.splitlines()[0]))
    began = time.monotonic()
    counts = collections.Counter()
    seed = arguments.seed
    while seed == arguments.seed or time.monotonic() - began < arguments.minutes * 60:
        with tempfile.TemporaryDirectory(prefix="aludel-soak-") as scratch:
            # Its runtime, under a sanitizer, wants to come before what is preloaded, and need not.
            os.environ.update(ALUDEL_FLAKY_DISK=scratch + "/faults",
                              LD_PRELOAD=str(pathlib.Path(arguments.flaky_disk).resolve()),
                              ASAN_OPTIONS="verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", ""))
            story = Story(arguments, seed, pathlib.Path(scratch))
            try:
                story.play(arguments.story)
            except Exception:  # of any kind: it is told, and counted
                traceback.print_exc(file=sys.stdout)
                print(f"story {seed} failed; --seed {seed} --minutes 0 plays it again\n0 passed, 1 failed")
                return 1
            counts.update(story.counts)
            counts["stories"] += 1
        seed += 1
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    print(f"{(time.monotonic() - began) / 60:.1f} minutes from seed {arguments.seed}: all held: {told}\n1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
