#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints how fast a processor in a child works off a backlog, against one on a thread of the host: the same log, the same
handler, one after the other, in turns.

Nothing is asserted: machines are noisy. What to look for is the ratio: no event crosses between the processes, so it
should be near 1.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
BATCH = 10_000  # events


class Installation:
    def __init__(self, arguments, directory):
        self.base = [arguments.aludel, "--data", str(directory)]
        self.directory = directory
        self.plugin = arguments.plugin.resolve()
        self.events = arguments.events // BATCH * BATCH
        batch = "".join('{"type":"deposit","subject":"account-%d","data":{"account":%d,"amount":1}}\n' % (n % 1000, n % 1000)
                        for n in range(BATCH))
        appender = subprocess.Popen([*self.base, "append", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for _ in range(self.events // BATCH):
            appender.stdin.write(batch)
        appender.stdin.close()
        if appender.wait() != 0:
            raise SystemExit("isolation: append failed")

    def drain(self, isolation):
        """Seconds that a host takes for it all, its start and end included."""
        shutil.rmtree(self.directory / "processors", ignore_errors=True)
        (self.directory / "aludel.toml").write_text(f'[processor.x]\nplugin = "{self.plugin}"\nisolation = "{isolation}"\n')
        began = time.monotonic()
        subprocess.run([*self.base, "run", "--drain", "--log-level", "error"], check=True)
        taken = time.monotonic() - began
        told = json.loads(subprocess.run([*self.base, "--json", "status"], capture_output=True, check=True).stdout)
        if told["processors"][0]["handled"] != self.events:
            raise SystemExit(f"isolation: {told}")
        return taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True)
    parser.add_argument("--plugin", required=True, type=pathlib.Path)
    parser.add_argument("--events", type=int, default=2_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aludel-isolation-") as directory:
        installation = Installation(arguments, pathlib.Path(directory))
        taken = {"process": [], "thread": []}
        for _ in range(ROUNDS):
            for isolation, times in taken.items():
                times.append(installation.drain(isolation))
    process, thread = (statistics.median(taken[isolation]) for isolation in ("process", "thread"))
    ratios = statistics.median(t / p for p, t in zip(taken["process"], taken["thread"]))
    events = installation.events
    print(f"{events:,} events, median of {ROUNDS}: in a child {events / process:,.0f}/s, on a thread "
          f"{events / thread:,.0f}/s, ratio {ratios:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
