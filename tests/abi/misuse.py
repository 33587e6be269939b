#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that each mistake in misuse.cpp is refused by the compiler with the words that its case names.

usage: misuse.py MISUSE_CPP COMPILER [ARGUMENT...]
"""
import re
import subprocess
import sys


def compile_case(compiler, source, case):
    return subprocess.run([*compiler, "-fsyntax-only", f"-DCASE={case}", source], capture_output=True, text=True)


def main():
    source, compiler = sys.argv[1], sys.argv[2:]
    with open(source, encoding="utf-8") as file:
        cases = re.findall(r"^#(?:el)?if CASE == (\d+)  // (.+)$", file.read(), flags=re.M)
    failures = [] if cases else ["no cases found"]
    control = compile_case(compiler, source, 0)
    if control.returncode != 0:
        failures.append(f"case 0 does not compile:\n{control.stderr}")
    for case, words in cases:
        result = compile_case(compiler, source, case)
        if result.returncode == 0:
            failures.append(f"case {case} compiles")
        elif not re.search(words, result.stderr):
            failures.append(f"case {case} is refused, but not with '{words}':\n{result.stderr}")
    print("\n".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
