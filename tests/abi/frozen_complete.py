#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that frozen.c has a line for every constant, struct and member of plugin.h.

usage: frozen_complete.py PLUGIN_H FROZEN_C
"""
import re
import sys

# What is no number and no layout.
NOT_FROZEN = {"ALUDEL_PLUGIN_H", "ALUDEL_ABI", "ALUDEL_EXPORT", "ALUDEL_EXPORT_ATTRIBUTE"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def wanted(header):
    """The macro calls that frozen.c must hold, up to the first argument that carries a number."""
    for name in re.findall(r"^#define (ALUDEL_\w+)(?!\w|\()", header, flags=re.M):
        if name not in NOT_FROZEN:
            yield f"FROZEN_VALUE({name},"
    for struct, body in re.findall(r"struct (aludel_\w+) \{(.*?)^\}", header, flags=re.S | re.M):
        yield f"FROZEN_SIZE({struct},"
        body = re.sub(r"union \{.*?\} \w+;", "", body, flags=re.S)
        for declaration in filter(str.strip, body.split(";")):
            function = re.search(r"\(ALUDEL_ABI \*(\w+)\)", declaration)
            member = function or re.search(r"(\w+)\s*$", declaration)
            yield f"FROZEN_MEMBER({struct}, {member.group(1)},"


def main():
    header, frozen = (without_comments(open(path, encoding="utf-8").read()) for path in sys.argv[1:3])
    calls = list(wanted(header))
    missing = [call for call in calls if call not in frozen]
    for call in missing:
        print(f"frozen.c lacks: {call} ...)", file=sys.stderr)
    if len(calls) < 150:  # 1.0 had more: the patterns above do not see them any longer
        print(f"found only {len(calls)} things to freeze in plugin.h", file=sys.stderr)
        return 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
