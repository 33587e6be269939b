#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugins that the host must not run: each is refused with its code and its reason, and leaves nothing behind."""

import hashlib
import pathlib

from harness import FACTS, equal, holds, main


def file_of(name):
    return pathlib.Path(FACTS["bad"]) / f"bad_{name}.so"


# A plugin of the build that breaks one rule, the code, and the words that say what is wrong.
REFUSALS = [
    ("no_entry", "no_entry", "exports no aludel_plugin_v1"),
    ("another_major", "wrong_major", "exports aludel_plugin_v2, this host needs aludel_plugin_v1"),
    ("requires_newer_minor", "newer_minor", "requires ABI 1.99, this host has 1.0"),
    ("declines", "declined", "it declines: no licence for this machine"),
    ("missing_symbol", "not_loadable", "nobody_defines_this"),
    ("short_handler", "short_struct", "handler.struct_size is 200"),
    ("odd_handler", "misshapen_struct", "handler.struct_size is 212"),
    ("null_handle", "missing_function", "handle is NULL"),
    ("null_migrate", "missing_function", "migrate is NULL: projection_version 1 requires it"),
    ("undotted_id", "bad_handler_id", "its id \"example\""),
    ("duplicate_id", "duplicate_handler_id", "the id is an earlier handler's"),
    ("unknown_kind", "bad_subscription", "kind 9 is unknown"),
    ("foreign_text", "bad_text", "name is not UTF-8"),
    ("crashes_in_constructor", "crashed", "killed by signal 6 (Aborted)"),
    ("hangs_in_constructor", "timed_out", "over 5000 ms"),
]


def everything_in(directory):
    """Each path below with a digest of its bytes; of what tells who works now, or a reader made, that it is there."""
    living = ("tip", "lock", "page", "-shm")
    files = {str(p.relative_to(directory)): p for p in directory.rglob("*")}
    return {name: "" if name.endswith(living) or not p.is_file() else hashlib.sha256(p.read_bytes()).hexdigest()
            for name, p in sorted(files.items())}


def check_refused(aludel, file, code, words):
    """As `plugin info` and `config check` tell, and as a host that runs beside it another processor does."""
    out, err = aludel.run("plugin", "info", file, status=3)
    equal(out, "")
    holds(err, f"aludel: refuse {file}: ")
    holds(err, words)
    equal(err.count("\n"), 1)

    aludel.configure(f'[processor.x]\nplugin = "{FACTS["tally"]}"\n')
    aludel.append("calm")
    aludel.drain()
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["tally"]}"\n[processor.bad]\nplugin = "{file}"\n')
    before = everything_in(aludel.directory)
    log = aludel.drain(status=1)
    holds(log, f" error bad: refuse {file}: ")
    holds(log, f"not caught up: bad (refused: {code}: refuse {file}: ")
    equal(everything_in(aludel.directory), before)

    bad = aludel.processor("bad")
    equal((bad["state"], bad["error"]["code"], bad["error"]["since"]), ("refused", code, None))
    holds(bad["error"]["message"], words)


def test_each_broken_rule_has_its_code_and_leaves_the_data_directory_as_it_was(aludel):
    for name, code, words in REFUSALS:
        check_refused(aludel, file_of(name), code, words)


def test_what_a_plugin_says_of_itself_stays_one_line_of_text(aludel):
    holds(aludel.run("plugin", "info", file_of("control_bytes")), "\n  name         1 [31m  2\n")


def test_a_handler_that_is_missed_may_be_in_a_file_that_is_refused(aludel):
    folder = aludel.directory / "plugins"
    folder.mkdir(mode=0o700)
    (folder / "a.so").write_bytes(file_of("crashes_in_constructor").read_bytes())
    aludel.configure('[host]\nplugin_dirs = ["plugins"]\n[processor.x]\nhandler = "org.example.any"\n')
    holds(aludel.drain(status=1), f"one file that was found is refused: {folder}/a.so: ")


def test_what_is_no_library_or_for_another_machine_is_told_apart(aludel):
    good = file_of("good").read_bytes()
    script = aludel.directory / "script.so"
    script.write_text("#!/bin/sh\necho no library\n")
    check_refused(aludel, script, "not_a_library", "no ELF header")
    cut = aludel.directory / "cut.so"
    cut.write_bytes(good[: len(good) // 2])
    check_refused(aludel, cut, "not_a_library", "cut.so")
    foreign = aludel.directory / "foreign.so"
    foreign.write_bytes(good[:18] + (22).to_bytes(2, "little") + good[20:])  # e_machine: EM_S390
    check_refused(aludel, foreign, "wrong_machine", "it is for S/390: build it for ")
    small = aludel.directory / "small.so"
    small.write_bytes(good[:4] + b"\x01" + good[5:])  # EI_CLASS: ELFCLASS32
    check_refused(aludel, small, "wrong_machine", "it is not 64-bit")


def test_a_create_that_fails_refuses_the_processor_alone(aludel):
    file = file_of("create_fails")
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["tally"]}"\n')
    aludel.append("calm")
    aludel.drain()
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["tally"]}"\n[processor.bad]\nplugin = "{file}"\n')
    before = everything_in(aludel.directory)
    log = aludel.drain(status=1)
    holds(log, "not caught up: bad (refused: bad_config: limit must be positive)")
    equal(everything_in(aludel.directory), before)


def test_one_handler_in_two_files_is_refused_and_both_are_named(aludel):
    copy = aludel.directory / "copy.so"
    copy.write_bytes(file_of("good").read_bytes())
    aludel.configure(f'[host]\nplugin_dirs = ["{aludel.directory}"]\n[processor.bad]\nhandler = "org.example.bad"\n')
    (aludel.directory / "other.so").write_bytes(copy.read_bytes())
    log = aludel.drain(status=1)
    holds(log, f"both {copy} and {aludel.directory / 'other.so'} have the handler \"org.example.bad\"")


if __name__ == "__main__":
    main(globals())
