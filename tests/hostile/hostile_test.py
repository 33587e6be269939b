#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of docs/hostile-plugins.md, row by row: what a hostile plugin does, what becomes of its event, what the
operator reads, and that the host and another processor never noticed."""

import os
import pathlib
import re
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from harness import FACTS, Aludel, equal, holds, main, until  # noqa: E402

# A sanitizer would make an abort of the faults that these plugins are there for.
for options in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
    os.environ[options] = f"{os.environ.get(options, '')}:handle_segv=0:handle_abort=0:detect_leaks=0"

ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \|(.*?)\| (yes|no.*?) \|$")
EVENTS = ["calm", "harm", "calm", "calm"]


def rows():
    for line in pathlib.Path(FACTS["table"]).read_text().splitlines():
        if found := ROW.match(line):
            name, _, becomes, reads, on_thread = found.groups()
            yield name, becomes, re.findall(r"`([^`]+)`", reads), on_thread == "yes"


def plugin(name):
    return pathlib.Path(FACTS["hostile"]) / f"hostile_{name}.so"


# A disk that is full: nobody's file grows over this.
FILE_SIZE_MAX = 64 << 20
LIMITS = 'limits = { memory = "256MiB", threads = 64, open_files = 256 }'


def configure(aludel, name, more):
    aludel.configure(f'[log]\nsegment_size = "8MiB"\n[processor.other]\nplugin = "{FACTS["tally"]}"\n[processor.x]\nplugin = "{plugin(name)}"\n'
                     f'strategy = "dead_letter"\ntimeout = "2s"\n{LIMITS}\n{more}\n')


def check(aludel, name, becomes, reads, more):
    configure(aludel, name, more)
    aludel.append(*EVENTS)
    log = aludel.drain(status=1 if becomes.startswith("refused") else 0)
    for words in reads:
        holds(log, words)
    other = aludel.processor("other")
    equal((other["state"], other["cursor"], other["handled"]), ("offline", 3, 4))
    equal(log.count(" other: "), 0)
    x = aludel.processor("x")
    letters = [(letter["event_id"], letter["code"]) for letter in aludel.json("dlq", "list")]
    if becomes.startswith("refused"):
        equal((x["state"], f"refused `{x['error']['code']}`", x["handled"], letters), ("refused", becomes, 0, []))
        return
    ids = [row["id"] for row in aludel.json("query", "x", "select id from seen order by id")]
    found = "handled" if not letters else f"letter `{letters[0][1]}`"
    equal((found, len(letters)), (becomes, 0 if becomes == "handled" else 1))
    equal(ids, [0, 1, 2, 3] if becomes == "handled" else [0, 2, 3])
    equal((x["state"], x["cursor"], x["error"]), ("offline", 3, None))
    aludel.run("verify")


def another(aludel, name):
    directory = aludel.directory / name
    directory.mkdir()
    return Aludel(directory)


def each_row(aludel, more, applies):
    """Every row is tried, and all that fail are told."""
    failed = []
    for name, becomes, reads, on_thread in rows():
        if not applies(on_thread):
            continue
        try:
            check(another(aludel, name), name, becomes, reads, more)
        except Exception as failure:  # noqa: BLE001
            failed.append(f"{name}: {failure}")
    assert not failed, "\n".join(failed)


def test_the_table_has_a_row_for_each_plugin(_):
    equal(sorted(name for name, *_ in rows()),
          sorted(file.stem.removeprefix("hostile_") for file in pathlib.Path(FACTS["hostile"]).glob("hostile_*.so")))


def test_each_in_a_process_of_its_own(aludel):
    each_row(aludel, "", lambda on_thread: True)


def test_those_that_a_thread_can_hold_on_a_thread(aludel):
    each_row(aludel, 'isolation = "thread"', lambda on_thread: on_thread)


def test_what_is_forked_where_no_sandbox_denies_it_ends_with_its_processor(aludel):
    check(another(aludel, "fork_bomb"), "fork_bomb", "letter `timed_out`", ["was killed in handle of event 1"],
          'sandbox = "off"')


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE_MAX, FILE_SIZE_MAX))
    main(globals())
