#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills host and children of three processors that emit, each what the next one handles, at random moments.

However often that happens, each emitted event must be in the log exactly once, in the order of its causes, and name
its cause. The moments are drawn from a seed, which is printed; the exact instruction cannot be repeated.
"""

import argparse
import collections
import json
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from kill_test import Aludel, children, kill

LINKS = 3
CONFIG = '[processor.link{n}]\nplugin = "{plugin}"\ntypes = ["link.{before}"]\nbatch_size = 7\n' \
         'config = {{ emits = "link.{n}", in = "{where}" }}\n'


def fail(what):
    raise SystemExit(f"chain_test: {what}")


class Chain(Aludel):
    def prepare(self, plugin, events):
        self.directory.mkdir(mode=0o700)
        # The one in the middle emits in flush.
        links = (CONFIG.format(n=n, before=n - 1, plugin=plugin, where="flush" if n == 2 else "handle")
                 for n in range(1, LINKS + 1))
        (self.directory / "aludel.toml").write_text("".join(links))
        lines = self.directory / "events.ndjson"
        lines.write_text("".join(f'{{"type":"link.0","subject":"{n}","data":{{"n":{n}}}}}\n' for n in range(events)))
        self.run("append", str(lines))

    def status(self):
        return json.loads(self.run("--json", "status"))

    def check(self, events):
        """Each event of each link once, in order, caused by that of the link before."""
        found = collections.defaultdict(list)
        for line in self.run("log").splitlines():
            event = json.loads(line)
            found[event["type"]].append(event)
        subjects = [str(n) for n in range(events)]
        if sorted(found) != [f"link.{n}" for n in range(LINKS + 1)]:
            fail(f"the types in the log are {sorted(found)}")
        for n in range(LINKS + 1):
            here = found[f"link.{n}"]
            if [event["subject"] for event in here] != subjects:
                counts = collections.Counter(event["subject"] for event in here)
                doubled = [subject for subject, count in counts.items() if count > 1]
                lost = [subject for subject in subjects if subject not in counts]
                fail(f"link.{n}: {len(here)} events; doubled: {doubled[:9]}, lost: {lost[:9]}")
            if n == 0:
                continue
            for event, cause in zip(here, found[f"link.{n - 1}"]):
                told = event["aludelcause"], event["aludeldepth"], event["data"], event["source"]
                if told != (str(cause["position"]), str(n), cause["data"], f"/processors/link{n}"):
                    fail(f"link.{n}, {event['subject']}: {told}, the cause is {cause['position']}")
            rows = json.loads(self.run("--json", "query", f"link{n}", "select count(*) as n from seen"))
            if rows != [{"n": events}]:
                fail(f"link{n} has {rows} rows")
        pending = [p["emits_pending"] for p in self.status()["processors"]]
        if pending != [0] * LINKS:
            fail(f"emits pending: {pending}")
        self.run("verify")


class Killer:
    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        self.random = random.Random(arguments.seed)
        self.kills = collections.Counter()
        self.pending = collections.Counter()  # kills that left something in an outbox, by link
        template = Chain(arguments.aludel, scratch / "template")
        template.prepare(arguments.chain, arguments.events)

    def story(self):
        """Kills until the work is done or there were enough kills; then the rest of the work."""
        directory = self.scratch / "story"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(self.scratch / "template", directory)
        chain = Chain(self.arguments.aludel, directory)
        while sum(self.kills.values()) < self.arguments.rounds and not self.done(chain):
            self.life(chain)
        chain.run("run", "--drain")
        chain.check(self.arguments.events)

    def done(self, chain):
        status = chain.status()
        return status["log"]["events"] == self.arguments.events * (LINKS + 1)

    def life(self, chain):
        """One host, of which some children are killed, and then it itself."""
        host = chain.start("run")
        # A fifth death without a commit would end the processor.
        for _ in range(self.random.randrange(5)):
            self.pause()
            victims = children(host.pid)
            if victims:
                kill(self.random.choice(victims))
                self.count("child", chain)
        self.pause()
        kill(host.pid)
        host.wait()
        self.count("host", chain)

    def count(self, victim, chain):
        self.kills[victim] += 1
        for processor in chain.status()["processors"]:
            if processor["emits_pending"] > 0:
                self.pending[processor["name"]] += 1

    def pause(self):
        time.sleep(self.random.uniform(0.02, self.arguments.pause))

    def play(self):
        stories = 0
        while stories == 0 or sum(self.kills.values()) < self.arguments.rounds:
            self.story()
            stories += 1
        kills = ", ".join(f"{victim} {count}" for victim, count in sorted(self.kills.items()))
        left = ", ".join(f"{name} {count}" for name, count in sorted(self.pending.items()))
        print(f"{sum(self.kills.values())} kills ({kills}) in {stories} stories of {self.arguments.events} events and "
              f"{LINKS} links, seed {self.arguments.seed}: each emitted event once, with its cause")
        print(f"outboxes that were not empty after a kill: {left or 'none'}")


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True, help="the program")
    parser.add_argument("--chain", required=True, help="the plugin of the links, libchain.so")
    parser.add_argument("--events", type=int, default=20_000, help="at the beginning of the chain (default 20,000)")
    parser.add_argument("--rounds", type=int, default=200, help="kills at least (default 200)")
    parser.add_argument("--pause", type=float, default=0.6, help="seconds between two kills at most (default 0.6)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    arguments.chain = str(pathlib.Path(arguments.chain).resolve())
    with tempfile.TemporaryDirectory(prefix="aludel-chain-") as scratch:
        began = time.monotonic()
        Killer(arguments, pathlib.Path(scratch)).play()
        print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
