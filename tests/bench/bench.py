#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures Aludel against yardsticks, side by side in one run: a table, and the same as JSON.

Each row runs what it measures and its yardstick in turns and takes the median of the rounds. A ratio holds on any machine; an
absolute figure stands beside it only to be understood. A row whose result does not add up is void. `--smoke` does little of
each: it only shows that the rows come out and add up, and says nothing of speed.
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import rows
from measuring import Bench, Void


def line(row, told):
    return f"{row.numbers:>4}  {row.what:<62} {row.target:<30} {told['figure']:<44} {told['verdict']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build directory")
    parser.add_argument("--rounds", type=int, default=5, help="of each row (default 5)")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows there")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="numbers of rows; all without")
    arguments = parser.parse_args()
    chosen = [row for row in rows.ALL if not arguments.rows or set(row.numbers.split(", ")) & set(arguments.rows)]
    if not chosen:
        parser.error(f"there are no such rows: there are {', '.join(row.numbers for row in rows.ALL)}")
    results, void = [], 0
    print(f"{'row':>4}  {'what':<62} {'target':<30} {'measured':<44} verdict")
    for row in chosen:
        with tempfile.TemporaryDirectory(prefix="aludel-bench-", dir=arguments.build) as directory:
            bench = Bench(arguments.build.resolve(), pathlib.Path(directory), 1 if arguments.smoke else arguments.rounds,
                          arguments.smoke)
            try:
                told = row.measure(bench)
            except Void as error:
                told = {"figure": str(error), "verdict": "void"}
                void += 1
        print(line(row, told), flush=True)
        results.append({"row": row.numbers, "what": row.what, "target": row.target, **told})
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    met = sum(told["verdict"] == "met" for told in results)
    print(f"{met} of {len(results)} met, {void} void")
    return 1 if void else 0


if __name__ == "__main__":
    sys.exit(main())
