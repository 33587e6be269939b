#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the test cases of a `meson test` run, from its testlog.json, and prints "N passed, N failed" as the last line.

A doctest executable counts as many cases as the summary in its output says; any other test counts as one, and so does
an executable that failed without saying which case (a crash, a time-out, a finding of a sanitizer at exit). Skipped
cases and tests count neither way. The exit status is 1 if anything failed or nothing ran.
"""

import argparse
import json
import re
import sys
from pathlib import Path

SUMMARY = re.compile(r"\[doctest\] test cases: *\d+ \| *(\d+) passed \| *(\d+) failed \| *\d+ skipped")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def count(test):
    """(passed, failed) of one line of the log."""
    if test["result"] == "SKIP":
        return 0, 0
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    summaries = SUMMARY.findall(COLOUR.sub("", test.get("stdout", "")))
    if not summaries:
        return (1, 0) if good else (0, 1)
    passed, failed = map(int, summaries[-1])
    return passed, failed if good else max(failed, 1)


def tests_in(path):
    """The log holds one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def read(path):
    """The counts by test name."""
    return {test["name"]: count(test) for test in tests_in(path)}


def differences(counts, others, skipped=frozenset()):
    """A line for each test that did not run as many cases as in `others`, but for those that say why they did not."""
    for name in sorted((counts.keys() | others.keys()) - skipped):
        here, there = sum(counts.get(name, (0, 0))), sum(others.get(name, (0, 0)))
        if here != there:
            yield f"{name}: {here} cases ran here, {there} in the plain run (./dev test makes a new one)"


def main(arguments):
    parser = argparse.ArgumentParser(description="Counts the test cases of a `meson test` run.")
    parser.add_argument("log", type=Path)
    parser.add_argument("--as-many-as", type=Path, metavar="LOG", help="fail unless each test ran as many cases as here")
    options = parser.parse_args(arguments)

    counts = read(options.log)
    passed = sum(good for good, _ in counts.values())
    failed = sum(bad for _, bad in counts.values())
    reasons = {test["name"]: test.get("stdout", "").strip() for test in tests_in(options.log) if test["result"] == "SKIP"}
    skipped = {name for name, reason in reasons.items() if reason}
    complaints = list(differences(counts, read(options.as_many_as), skipped)) if options.as_many_as else []
    if passed + failed == 0:
        complaints.append("no test ran: `meson test --list -C build` names those that there are")
    for name in sorted(skipped):
        print(f"{name}: {reasons[name]}")
    for complaint in complaints:
        print(complaint)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
