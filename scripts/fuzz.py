#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs fuzz targets, as many at once as there are cores, and prints "N passed, N failed" as the last line.

`./dev fuzz` has built them. Each target has a corpus of its own and writes what it says to <build>/<target>.log; of one
that found something the log is shown, with the input that was kept and how to repeat it. The exit status is 1 if any did.
"""

import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[1] / "tests" / "fuzz" / "corpus"
KEPT = re.compile(r"Test unit written to (\S+)")
INPUTS = re.compile(r"stat::number_of_executed_units: *(\d+)")


def fuzz(build, target, seconds):
    """@return whether nothing was found, and what is to be said"""
    program = build / "tests" / "fuzz" / f"fuzz_{target}"
    corpus = build / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    log = build / f"{target}.log"
    with log.open("wb") as output:
        status = subprocess.run([
            program, f"-max_total_time={seconds}", "-timeout=10", "-print_final_stats=1",
            f"-artifact_prefix={build / target}-", corpus, SEEDS / target,
        ], stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    said = log.read_text(encoding="utf-8", errors="replace")
    if status == 0:
        inputs = INPUTS.search(said)
        return True, f"fuzz {target}: nothing found" + (f" in {int(inputs[1]):,} inputs" if inputs else "")
    kept = KEPT.search(said)
    repeat = f"{program} {kept[1]} repeats it" if kept else f"no input was kept; {log} holds what it said"
    return False, f"{said}fuzz {target}: failed with status {status}: {repeat}"


def main(arguments):
    parser = argparse.ArgumentParser(description="Runs fuzz targets, as many at once as there are cores.")
    parser.add_argument("build", type=Path, help="the build directory")
    parser.add_argument("--seconds", type=int, default=60, help="how long each runs (default 60)")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    options = parser.parse_args(arguments)

    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for run in as_completed([pool.submit(fuzz, options.build, t, options.seconds) for t in options.targets]):
            good, told = run.result()
            failed += not good
            print(told, flush=True)
    print(f"{len(options.targets) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
