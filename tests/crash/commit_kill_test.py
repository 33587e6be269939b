#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills a processor before and after each of its commits, for every row of the table of outcomes.

The table is that of tests/e2e/outcome_test.py: what a handler does wrong, under each strategy. A row is run once
undisturbed, which counts its commits, then once for each commit and either side of it with SIGKILL there and the host
starting the child again. Exit status, rows, cursor, counters, letters, attempts and the reason must be the same.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import outcome_test  # noqa: E402

WORKERS = 4  # rows at a time: most of a row's time is the wait before a child is started again
# All that is durable, but for moments and the log's identity.
DURABLE = [
    "select * from seen order by id",
    "select next, handled, skipped, dead_letters from _aludel_cursor",
    "select activity, event_id, attempt, outcome, stage, code, message from _aludel_standstill",
    "select event_id, data, handler_version, outcome, stage, code, message, attempts, state, replays from _aludel_letter "
    "order by id",
]


class Row:
    """A row of the table, and a folder in which it can be run again and again."""

    def __init__(self, options, folder, name, plan, strategy, config):
        self.options, self.folder, self.name = options, folder, name
        self.base = folder / "base"
        self.base.mkdir(parents=True)
        # What is preloaded writes into a folder of its own.
        (self.base / "aludel.toml").write_text(
            f'[processor.x]\nplugin = "{options.planned}"\nsandbox = "off"\n{strategy}\nconfig = {{ {config} }}\n')
        events = "".join(json.dumps({"type": "plan", "data": data}) + "\n" for data in ({}, plan, {}, {}))
        subprocess.run([options.aludel, "--data", str(self.base), "append", "-"], input=events.encode(), check=True,
                       capture_output=True)

    def run(self, point=""):
        """(what a run leaves, its commits); the point must have been reached."""
        data, kills = self.folder / "data", self.folder / "kills"
        shutil.copytree(self.base, data)
        kills.mkdir()
        if point:
            (kills / "point").write_text(point)
        environment = dict(os.environ, LD_PRELOAD=self.options.preload, ALUDEL_KILL_AT_COMMIT=str(kills))
        # Its runtime wants to come before what is preloaded, and need not.
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        done = subprocess.run([self.options.aludel, "--data", str(data), "run", "--drain"], env=environment,
                              capture_output=True, text=True, timeout=120)
        if (kills / "point").exists():
            raise SystemExit(f"{self.name}: no kill {point}\n{done.stderr}")
        left = [done.returncode, *durable(data / "processors" / "x" / "projection.db")]
        commits = (kills / "commits").stat().st_size
        shutil.rmtree(data)
        shutil.rmtree(kills)
        return left, commits, done.stderr

    def points(self):
        _, commits, _ = self.run()
        return [f"{moment} {commit}" for commit in range(1, commits + 1) for moment in ("before", "after")]

    def check(self, points):
        """The failures, a text each."""
        undisturbed, _, _ = self.run()
        for point in points:
            left, _, log = self.run(point)
            if left != undisturbed:
                yield f"{self.name}: killed {point} commit:\n  left {left}\n  want {undisturbed}\n{log}"


def durable(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = {name for name, in database.execute("select name from sqlite_master")}
        return [database.execute(sql).fetchall() for sql in DURABLE if sql.split(" from ")[1].split()[0] in tables]
    finally:
        database.close()


def table():
    """(name, plan, strategy, config) of each row."""
    for name, plan, strategy, _, _ in outcome_test.table():
        yield f"{name}, under {strategy}", plan, outcome_test.settings(plan, outcome_test.STRATEGIES[strategy]), ""
    for decides, _ in outcome_test.CUSTOM_ROWS:
        yield f"on_error decides {decides}", {"does": "fail", "decides": decides}, outcome_test.CUSTOM, ""
    for name, strategy in outcome_test.STRATEGIES.items():
        yield f"migrate fails, under {name}", {}, strategy, 'in = "migrate"'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--aludel", required=True, help="the program")
    parser.add_argument("--planned", required=True, help="the plugin that misbehaves by plan")
    parser.add_argument("--preload", required=True, help="what kills at a commit")
    parser.add_argument("--sample", type=int, default=0, help="points of each row, drawn by the seed (default: all)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    options.planned = str(pathlib.Path(options.planned).resolve())  # a config takes paths from its own folder
    draw = random.Random(options.seed)
    print(f"seed {options.seed}")

    def play(row, number):
        points = row.points()
        if options.sample:
            points = random.Random(number).sample(points, min(options.sample, len(points)))
        return len(points), list(row.check(points))

    with tempfile.TemporaryDirectory(prefix="aludel-commit-kill-") as scratch:
        rows = [Row(options, pathlib.Path(scratch) / str(n), *row) for n, row in enumerate(table())]
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            played = list(workers.map(play, rows, [draw.random() for _ in rows]))
    failures = [failure for _, found in played for failure in found]
    print("\n".join(failures) or f"{len(rows)} rows, {sum(kills for kills, _ in played)} kills: all as undisturbed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
