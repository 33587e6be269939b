#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many poison events among good ones: each crashes the handler's process. Every good one is to be applied once, every
poison one to become a letter, and the host to be no larger at the end. Prints time, restarts and memory; exits with 1 if
one of the first two does not hold, or the memory has grown by more than a tenth."""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

GROWTH_MAX = 1.1  # of the host's memory, from a tenth of the poison events to all of them


def resident_kib(process):
    """What the process holds beside mapped files."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1])


class Run:
    def __init__(self, arguments, directory):
        self.base = [arguments.aludel, "--data", str(directory)]
        self.directory = directory
        (directory / "aludel.toml").write_text(f'[processor.x]\nplugin = "{arguments.plugin.resolve()}"\nstrategy = "dead_letter"\n')

    def append(self, events, poison):
        every = events // poison
        lines = "".join('{"type":"%s"}\n' % ("harm" if n % every == every // 2 else "calm") for n in range(events))
        subprocess.run([*self.base, "append", "-"], input=lines, text=True, check=True, stdout=subprocess.DEVNULL)
        return {n for n in range(events) if n % every == every // 2}

    def json(self, *command):
        return json.loads(subprocess.run([*self.base, "--json", *command], capture_output=True, check=True).stdout)

    def drain(self, poison):
        """(seconds, KiB after a tenth of the poison events, KiB at the end, deaths that the host has logged)"""
        early = late = 0
        began = time.monotonic()
        with open(self.directory / "host.log", "w+") as log:
            host = subprocess.Popen([*self.base, "run", "--drain"], stderr=log)
            while host.poll() is None:
                time.sleep(0.1)
                try:
                    late = resident_kib(host.pid)
                except (FileNotFoundError, TypeError):
                    break  # it has ended
                deaths = pathlib.Path(log.name).read_text().count("started again")
                if deaths >= poison / 10 and not early:
                    early = late
            if host.wait() != 0:
                raise SystemExit(f"poison: the host exited {host.returncode}: see {log.name}")
            taken = time.monotonic() - began
            return taken, early or late, late, pathlib.Path(log.name).read_text().count("started again")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True)
    parser.add_argument("--plugin", required=True, type=pathlib.Path, help="hostile_segfault.so, or another that harms")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--poison", type=int, default=1_000)
    arguments = parser.parse_args()
    if arguments.events < 2 * arguments.poison:
        raise SystemExit(f"poison: {arguments.poison:,} poison events among {arguments.events:,} leave no good one beside each: "
                         "raise --events, or lower --poison")
    with tempfile.TemporaryDirectory(prefix="aludel-poison-") as directory:
        run = Run(arguments, pathlib.Path(directory))
        poison = run.append(arguments.events, arguments.poison)
        taken, early, late, deaths = run.drain(len(poison))
        rows = [row["id"] for row in run.json("query", "x", "select id from seen order by id")]
        letters = {letter["event_id"] for letter in run.json("dlq", "list")}
    good = rows == [n for n in range(arguments.events) if n not in poison]
    flat = late <= early * GROWTH_MAX + 1024
    print(f"{arguments.events - len(poison):,} good events {'applied once' if good else 'NOT APPLIED ONCE'}; {len(letters):,} letters of "
          f"{len(poison):,} poison events{'' if letters == poison else ': NOT THOSE'}; {deaths:,} restarts in {taken:.1f} s "
          f"({1000 * taken / max(deaths, 1):.0f} ms each); the host's own memory {early:,} KiB after a tenth of them, {late:,} KiB at "
          f"the end{'' if flat else ': IT GROWS'}")
    return 0 if good and letters == poison and flat else 1


if __name__ == "__main__":
    sys.exit(main())
