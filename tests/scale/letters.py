#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what looking at dead letters, and replaying ten of them, costs as they become many: 1,000 and 100,000 side by side.

Nothing is asserted: machines are noisy. What to look for is the last column: near 1 where ten letters are meant, near the
ratio of their numbers where all are.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
FEW = 10  # letters that a filter means


def withdrawal(number):
    """An event that the ledger refuses, as each account is empty; the first ones differ in type, code or key."""
    kind, amount, key = "withdrawal", 100 + number, f"account-{number}"
    if number < FEW:
        kind, amount = "deposit", -1
    elif number < 2 * FEW:
        key = "rare"
    return json.dumps({"type": kind, "subject": key, "data": {"account": number, "amount": amount, "note": "x" * 200}}) + "\n"


class Installation:
    """A host whose ledger has put `count` events aside."""

    def __init__(self, program, plugin, directory, count):
        directory.mkdir(mode=0o700)
        (directory / "aludel.toml").write_text(f'[processor.ledger]\nplugin = "{plugin.resolve()}"\nstrategy = "dead_letter"\n')
        self.base = [program, "--data", str(directory)]
        self.count = count
        self.output = directory / "output"
        appender = subprocess.Popen([*self.base, "append", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for number in range(count):
            appender.stdin.write(withdrawal(number))
        appender.stdin.close()
        if appender.wait() != 0:
            raise SystemExit("letters: append failed")
        self.log = open(directory / "host.log", "w")
        began = time.monotonic()
        self.host = subprocess.Popen([*self.base, "run", "--log-level", "error"], stderr=self.log)
        while self.letters() != count:
            if self.host.poll() is not None:
                raise SystemExit(f"letters: the host ended: see {directory}/host.log")
            time.sleep(0.05)
        self.made_in = time.monotonic() - began

    def letters(self):
        told = subprocess.run([*self.base, "--json", "status"], capture_output=True, text=True)
        processors = json.loads(told.stdout)["processors"] if told.returncode == 0 else []
        return processors[0]["dead_letters"] if processors else 0

    def run(self, arguments, failed=None):
        """(seconds, KiB of memory) of a command; the letters of a replay all fail again: `failed` of them."""
        began = time.monotonic()
        with open(self.output, "w") as output:
            process = subprocess.Popen([*self.base, "--json", *arguments], stdout=output)
            _, status, usage = os.wait4(process.pid, 0)
        taken = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != (0 if failed is None else 1):
            raise SystemExit(f"letters: {' '.join(arguments)} exited {process.returncode}")
        if failed is not None and json.loads(self.output.read_text())["failed"] != failed:
            raise SystemExit(f"letters: {' '.join(arguments)}: {self.output.read_text().strip()}, expected {failed}")
        return taken, usage.ru_maxrss

    def end(self):
        self.host.terminate()
        self.host.wait()
        self.log.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True)
    parser.add_argument("--ledger", required=True, type=pathlib.Path)
    parser.add_argument("--letters", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aludel-letters-") as scratch:
        both = []
        try:
            for name, count in ("few", 1_000), ("many", arguments.letters):
                both.append(Installation(arguments.aludel, arguments.ledger, pathlib.Path(scratch) / name, count))
            measure(both)
        finally:
            for installation in both:
                installation.end()
    return 0


def measure(both):
    head = f"median of {ROUNDS}, ms"
    print(f"{head:32}{both[0].count:10,}{both[1].count:12,}{'ratio':>8}")

    def line(name, few, many):
        print(f"{name:32}{few:10.1f}{many:12.1f}{many / few:8.2f}", flush=True)

    line("made by the host", *(installation.made_in * 1000 for installation in both))
    # What is replayed from here on has failed since.
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    time.sleep(2)
    replay = ["dlq", "replay", "ledger"]
    tasks = [("dlq list --limit 20", ["dlq", "list", "--limit", "20"], None),
             ("dlq list --code", ["dlq", "list", "--code", "negative_amount"], None),
             ("dlq groups", ["dlq", "groups"], None),
             ("dlq show", ["dlq", "show", "ledger", "500"], None),
             ("dlq replay --code, of 10", [*replay, "--code", "negative_amount"], FEW),
             ("dlq replay --type, of 10", [*replay, "--type", "deposit"], FEW),
             ("dlq replay --type x*, of 10", [*replay, "--type", "depo*"], FEW),
             ("dlq replay --key, of 10", [*replay, "--key", "rare"], FEW),
             ("dlq replay --since, of 20", [*replay, "--since", since], 2 * FEW)]
    for name, command, failed in tasks:
        taken = [[installation.run(command, failed)[0] for _ in range(ROUNDS)] for installation in both]
        line(name, *(statistics.median(times) * 1000 for times in taken))
    memory = {}
    for name, command in [("dlq list", ["dlq", "list"]), ("dlq export", ["dlq", "export"]), ("dlq replay --all", [*replay, "--all"])]:
        few, many = (installation.run(command, installation.count if "replay" in command else None) for installation in both)
        line(name, few[0] * 1000, many[0] * 1000)
        memory[name] = few[1], many[1]
    for name, (few, many) in memory.items():
        line(f"{name}, MiB of memory", few / 1024, many / 1024)


if __name__ == "__main__":
    sys.exit(main())
