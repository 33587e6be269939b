#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints an example out of a document, so that what is printed there is what is compiled.

usage: extract_example.py FILE INCLUDE [N]

The example is the N-th (else the first) block of code whose first line is `#include <INCLUDE>`: fenced in Markdown, indented by four in a
header's comment. It ends with the fence, or with the first line that is indented less.
"""
import re
import sys


def main():
    path, include = sys.argv[1:3]
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with open(path, encoding="utf-8") as file:
        lines = [re.sub(r"^( \*|///) ?", "", line.rstrip("\n")) for line in file]
    found = [i for i, line in enumerate(lines) if line.strip() == f"#include <{include}>" and (
        line.startswith("    ") or lines[i - 1].startswith("```"))]
    if len(found) < number:
        print(f"{path} shows no block {number} of code that begins with #include <{include}>", file=sys.stderr)
        return 1
    first = found[number - 1]
    indent = len(lines[first]) - len(lines[first].lstrip())
    for line in lines[first:]:
        if line.startswith("```") or (line.strip() and not line.startswith(" " * indent)):
            break
        print(line[indent:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
