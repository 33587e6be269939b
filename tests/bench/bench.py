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
import sys
import tempfile

import rows
from measuring import Bench, Void


def line(number, what, target, figure, verdict):
    return f"{number:>4}  {what:<58} {target:<32} {figure:<50} {verdict}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build directory")
    parser.add_argument("--bank", type=pathlib.Path, required=True, help="the bank's events as NDJSON")
    parser.add_argument("--rounds", type=int, default=5, help="of each row (default 5)")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows there")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="numbers of rows; all without")
    arguments = parser.parse_args()
    unknown = set(arguments.rows) - {row.number for row in rows.ALL}
    if unknown:
        parser.error(f"no row is called {', '.join(sorted(unknown))}: there are {', '.join(row.number for row in rows.ALL)}")
    chosen = [row for row in rows.ALL if not arguments.rows or row.number in arguments.rows]
    results = []
    print(line("row", "what", "target", "measured", "verdict"))
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.build) as scratch:
        rounds = 1 if arguments.smoke else arguments.rounds
        bench = Bench(arguments.build.resolve(), arguments.bank, pathlib.Path(scratch).resolve(), rounds, arguments.smoke)
        for row in chosen:
            try:
                told = row.measure(bench)
                if arguments.smoke:
                    told["verdict"] = "adds up"
            except Void as error:
                told = {"figure": str(error), "verdict": "void"}
            print(line(row.number, row.what, row.target, told["figure"], told["verdict"]), flush=True)
            results.append({"row": row.number, "what": row.what, "target": row.target, **told})
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    void = sum(told["verdict"] == "void" for told in results)
    good = sum(told["verdict"] in ("met", "adds up") for told in results)
    print(f"{good} of {len(results)} {'add up' if arguments.smoke else 'met'}, {void} void")
    return 1 if void else 0


if __name__ == "__main__":
    sys.exit(main())
