#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints an example out of a document, so that what is printed there is what is compiled.

usage: extract_example.py FILE INCLUDE

The example is the block of code whose first line is `#include <INCLUDE>`: fenced in Markdown, indented by four in a
header's comment. It ends with the fence, or with the first line that is indented less.
"""
import re
import sys


def main():
    path, include = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:
        lines = [re.sub(r"^( \*|///) ?", "", line.rstrip("\n")) for line in file]
    first = next((i for i, line in enumerate(lines) if line.strip() == f"#include <{include}>" and (
        line.startswith("    ") or lines[i - 1].startswith("```"))), None)
    if first is None:
        print(f"{path} shows no block of code that begins with #include <{include}>", file=sys.stderr)
        return 1
    indent = len(lines[first]) - len(lines[first].lstrip())
    for line in lines[first:]:
        if line.startswith("```") or (line.strip() and not line.startswith(" " * indent)):
            break
        print(line[indent:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
