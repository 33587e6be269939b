#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reloads a processor again and again while events come in, every tenth time with a file that is bad in one way or other.

    reload_load_test.py program=PROGRAM reloaded=PLUGIN bad=FOLDER [rounds=N]

However often that happens, each event is handled exactly once, in the order of the log, by a version that was in then;
and a bad file leaves the version that was there. Prints how long the processor paused.
"""

import itertools
import statistics
import sys
import tempfile
import threading

from harness import FACTS, Aludel, equal, holds, until
from reload_test import bad_files
from reloaded import configure, overwrite, rename, seen, version

BATCH = "".join('{"type":"plan"}\n' for _ in range(100))


class Load:
    """Appends events as fast as the host takes them, until it is told to end."""

    def __init__(self, aludel):
        self.aludel = aludel
        self.count = 0
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        headers = {"Content_Type": "application/x-ndjson"}
        while not self.ends.is_set():
            status, answer = self.aludel.request("POST", "/v1/events", BATCH, **headers)
            equal(status, 200)
            self.count += answer["count"]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()


def reload_good(aludel, number):
    """The pause in ms. Files get there in both ways."""
    (overwrite if number % 3 == 0 else rename)(aludel, version(number))
    told = aludel.json("plugin", "reload", "x")
    equal((told["version"], told["state"] in ("running", "waiting")), (f"1.{number:03}", True))
    return told["pause_ms"]


def reload_bad(aludel, content, why, pauses):
    """The pause in ms, if there was one."""
    rename(aludel, content)
    _, error = aludel.run("plugin", "reload", "x", status=3)
    holds(error, why)
    equal(", after " in error, pauses)
    return float(error.split(", after ")[1].split()[0]) if pauses else None


def check(aludel, events, good):
    until(lambda: aludel.processor()["lag"] == 0, f"{events} events to be handled")
    rows = seen(aludel)
    equal([id for id, _ in rows], list(range(events)))
    versions = [found for found, _ in itertools.groupby(version for _, version in rows)]
    equal(versions, [f"1.{number:03}" for number in good if f"1.{number:03}" in set(versions)])
    processor = aludel.processor()
    equal((processor["handled"], processor["dead_letters"], processor["skipped"]), (events, 0, 0))
    return len(versions)


def tell(name, pauses):
    print(f"{name}: {len(pauses)}, pause in ms: median {statistics.median(pauses):.1f}, max {max(pauses):.1f}")


def run(aludel, rounds):
    configure(aludel)
    bad = itertools.cycle(bad_files())
    good, pauses, pauses_of_bad, unnoticed = [0], [], [], 0
    with aludel.host() as host:
        with Load(aludel) as load:
            for number in range(1, rounds + 1):
                if number % 10:
                    pauses.append(reload_good(aludel, number))
                    good.append(number)
                    continue
                pause = reload_bad(aludel, *next(bad))
                if pause is None:
                    unnoticed += 1
                else:
                    pauses_of_bad.append(pause)
        seen_versions = check(aludel, load.count, good)
        status, _ = host.end()
    equal(status, 0)
    print(f"{load.count} events, each handled once and in order, by {seen_versions} versions")
    tell("reloads", pauses)
    print(f"bad files that were refused before anything was stopped: {unnoticed}")
    if pauses_of_bad:
        tell("bad files that were taken back", pauses_of_bad)


def main():
    for argument in sys.argv[1:]:
        name, value = argument.split("=", 1)
        FACTS[name] = value
    with tempfile.TemporaryDirectory(prefix="aludel-reload-") as directory:
        run(Aludel(directory), int(FACTS.get("rounds", 200)))


if __name__ == "__main__":
    main()
