#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills host, children and appenders with SIGKILL at random moments, and checks that it never shows.

Each story works the real bank file into a ledger while something is killed again and again, with a restart after each.
In the end the ledger's rows and the log must equal, to the letter, those of a run that nobody disturbed. The moments
are drawn from a seed, which is printed, so the order of stories repeats; the exact instruction cannot.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CONFIG = """
[host]
plugin_dirs = ["{plugins}"]
[processor.ledger]
handler = "org.aludel.ledger"
batch_size = 2
config = {{ allow_overdraft = true }}
"""


class Aludel:
    """The program under test on one data directory."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        self.tip = 0  # as it was seen last

    def command(self, *arguments):
        return [self.program, "--data", str(self.directory), *arguments]

    def run(self, *arguments, check=True):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise SystemExit(f"kill_test: {' '.join(arguments)} exited {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def position(self):
        """(next event of the ledger, tip of the log)"""
        if self.tip == 0 and not any((self.directory / "log").glob("*.seg")):
            return 0, 0  # the appender was killed before it had made the log
        status = json.loads(self.run("--json", "status"))
        ledger = [p for p in status["processors"] if p["name"] == "ledger"]
        cursor = ledger[0]["cursor"] if ledger else None
        before, self.tip = self.tip, status["log"]["events"]
        if self.tip < before:
            raise SystemExit(f"kill_test: the log ends before event {self.tip}, and had events to below {before}")
        return (0 if cursor is None else cursor + 1), self.tip

    def fingerprint(self):
        """What a run leaves: every row of the ledger and every event of the log."""
        rows = self.run("--json", "query", "ledger", "select * from accounts order by account")
        rows += self.run("--json", "query", "ledger", "select * from entries order by event_id")
        return {"rows": hashlib.sha256(rows.encode()).hexdigest(),
                "log": hashlib.sha256(self.run("log").encode()).hexdigest()}


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Killer:
    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        self.random = random.Random(arguments.seed)
        self.kills = collections.Counter()
        self.histogram = collections.Counter()
        self.inside = 0
        self.stories = 0
        self.template, self.expected, self.seconds = self.undisturbed()

    def fresh(self, name):
        directory = self.scratch / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        (directory / "aludel.toml").write_text(CONFIG.format(plugins=self.arguments.plugins))
        return Aludel(self.arguments.aludel, directory)

    def append(self):
        return ["append", str(self.arguments.events), "--producer", "bank"]

    def undisturbed(self):
        """A run without kills: what must come out, and how long its parts take (kills are drawn from within)."""
        aludel = self.fresh("undisturbed")
        began = time.monotonic()
        aludel.run(*self.append())
        appended = time.monotonic()
        template = self.scratch / "template"
        shutil.copytree(aludel.directory, template)
        drain_began = time.monotonic()
        aludel.run("run", "--drain")
        drained = time.monotonic()
        return template, aludel.fingerprint(), {"append": appended - began, "drain": drained - drain_began}

    def killed(self, victim, aludel):
        position, tip = aludel.position()
        self.kills[victim] += 1
        if 0 < position < tip:
            self.inside += 1
            self.histogram[position * 10 // tip] += 1
        return position, tip

    def pause(self, limit):
        time.sleep(self.random.uniform(0, limit))

    def pause_at_work(self, aludel, before):
        """Until a random moment: of any kind once in four, else after the ledger moved on from `before`."""
        if self.random.random() < 0.75:
            deadline = time.monotonic() + 30
            while True:
                position, tip = aludel.position()
                if position > before or position == tip:
                    break
                if time.monotonic() > deadline:
                    raise SystemExit(f"kill_test: the ledger stays at event {before} of {tip}")
        self.pause(self.seconds["drain"] / 4)

    def story_of_host(self):
        """The log is there; the host is killed while it works."""
        aludel = self.copy()
        for _ in range(8):
            before, _ = aludel.position()
            host = aludel.start("run")
            self.pause_at_work(aludel, before)
            kill(host.pid)
            host.wait()
            position, tip = self.killed("host", aludel)
            if position == tip:
                break
        return aludel

    def story_of_child(self):
        """The log is there; the processor's process is killed while its host lives on."""
        aludel = self.copy()
        host = aludel.start("run")
        try:
            for _ in range(4):
                before, _ = aludel.position()
                self.pause_at_work(aludel, before)
                victims = children(host.pid)
                if not victims:
                    continue
                kill(self.random.choice(victims))
                position, tip = self.killed("child", aludel)
                if position == tip:
                    break
        finally:
            host.send_signal(signal.SIGTERM)
            host.wait(timeout=30)
        return aludel

    def story_of_appender(self):
        """The appender is killed half-way and repeated, with a running host or alone."""
        aludel = self.fresh("story")
        host = aludel.start("run") if self.random.random() < 0.5 else None
        try:
            if host:
                self.wait_for(aludel.directory / "aludel.sock")
            for _ in range(5):
                appender = aludel.start(*self.append())
                self.pause(self.seconds["append"])
                kill(appender.pid)
                appender.wait()
                self.killed("appender", aludel)
            aludel.run(*self.append())
        finally:
            if host:
                host.send_signal(signal.SIGTERM)
                host.wait(timeout=30)
        return aludel

    def copy(self):
        directory = self.scratch / "story"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.template, directory)
        return Aludel(self.arguments.aludel, directory)

    @staticmethod
    def wait_for(path):
        deadline = time.monotonic() + 30
        while not path.exists():
            if time.monotonic() > deadline:
                raise SystemExit(f"kill_test: {path} did not appear within 30 s")
            time.sleep(0.005)

    def play(self):
        stories = [self.story_of_host, self.story_of_child, self.story_of_appender]
        rounds = self.arguments.rounds
        while sum(self.kills.values()) < rounds or self.inside < rounds / 2:
            story = stories[self.stories % len(stories)]
            self.stories += 1
            aludel = story()
            aludel.run("run", "--drain")
            found = aludel.fingerprint()
            if found != self.expected:
                kept = self.scratch.parent / f"{self.scratch.name}-failed"
                shutil.copytree(aludel.directory, kept)
                differs = [part for part in found if found[part] != self.expected[part]]
                raise SystemExit(f"kill_test: {story.__name__} {self.stories} (seed {self.arguments.seed}): "
                                 f"{' and '.join(differs)} differ from the undisturbed run; kept in {kept}")

    def report(self):
        kills = ", ".join(f"{victim} {count}" for victim, count in sorted(self.kills.items()))
        print(f"{sum(self.kills.values())} kills ({kills}) in {self.stories} stories, seed {self.arguments.seed}: "
              "rows and log as undisturbed, each time")
        print(f"{self.inside} of them with 0 < cursor < tip; where, in tenths of the log:")
        for tenth in range(10):
            count = self.histogram[tenth]
            print(f"  {tenth * 10:3}% {'#' * count} {count}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True, help="the program")
    parser.add_argument("--plugins", required=True, help="the folder that holds libledger.so")
    parser.add_argument("--events", required=True, type=pathlib.Path, help="the bank file, NDJSON, or .zst of it")
    parser.add_argument("--rounds", type=int, default=300, help="kills at least (default 300), half of them with 0 < cursor < tip")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    arguments.plugins = os.path.abspath(arguments.plugins)
    with tempfile.TemporaryDirectory(prefix="aludel-kill-") as scratch:
        if arguments.events.suffix == ".zst":
            packed, arguments.events = arguments.events, pathlib.Path(scratch) / arguments.events.stem
            subprocess.run(["zstd", "-dq", str(packed), "-o", str(arguments.events)], check=True)
        killer = Killer(arguments, pathlib.Path(scratch))
        killer.play()
        killer.report()
        return 0


if __name__ == "__main__":
    sys.exit(main())
