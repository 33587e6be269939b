#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what opening a log costs as it grows: open, status, first read with 1,000 and with many events, side by side.

Nothing is asserted: machines are noisy. What to look for is the last column: it should stay near 1, at most 2.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 15


def line(number):
    event = {"specversion": "1.0", "id": str(number), "source": "/scale", "type": f"type-{number % 7}",
             "subject": str(number % 1000), "time": "1993-01-01T00:00:00Z", "data": {"n": number}}
    return json.dumps(event, separators=(",", ":")) + "\n"


def fill(program, directory, count):
    """Appends `count` events from a file; its lines are used again and again, as making them is not what is measured."""
    directory.mkdir(mode=0o700)
    file = directory / "events.ndjson"
    lines = [line(number) for number in range(min(count, 1_000_000))]
    file.write_text("".join(lines))
    for left in range(count, 0, -len(lines)):
        if left < len(lines):
            file.write_text("".join(lines[:left]))
        subprocess.run([program, "--data", str(directory), "append", str(file)], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
    file.unlink()


def seconds(command):
    began = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"scale: {' '.join(command)} exited {done.returncode}: {done.stderr.strip()}")
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True)
    parser.add_argument("--events", type=int, default=10_000_000)
    arguments = parser.parse_args()
    event = '{"specversion":"1.0","id":"x","source":"/scale","type":"type-0","data":1}'
    with tempfile.TemporaryDirectory(prefix="aludel-scale-") as scratch:
        small, large = pathlib.Path(scratch) / "small", pathlib.Path(scratch) / "large"
        sizes = {small: 1_000, large: arguments.events}
        for directory, count in sizes.items():
            fill(arguments.aludel, directory, count)

        def tasks(directory):
            base = [arguments.aludel, "--data", str(directory)]
            middle = str(sizes[directory] // 2)
            return {"version (a process)": [arguments.aludel, "--version"],
                    "open to write, append 1": [*base, "append", "--type", "type-0", "--data", "1"],
                    "open to run, drain": [*base, "run", "--drain"],
                    "status": [*base, "status"],
                    "first event": [*base, "log", "--limit", "1"],
                    "an event in the middle": [*base, "log", "--from", middle, "--limit", "1"],
                    "the newest event": [*base, "log", "--from", str(sizes[directory] - 1), "--limit", "1"]}

        print(f"{'median of ' + str(ROUNDS) + ', ms':28}{'1,000':>10}{format(arguments.events, ','):>14}{'ratio':>8}")
        for name in tasks(small):
            taken = {small: [], large: []}
            for _ in range(ROUNDS):
                for directory in taken:
                    taken[directory].append(seconds(tasks(directory)[name]))
            few, many = (statistics.median(taken[directory]) * 1000 for directory in (small, large))
            print(f"{name:28}{few:10.1f}{many:14.1f}{many / few:8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
