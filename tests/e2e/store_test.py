#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stores that earlier versions have left: whole, read to the end, and gone on with. tests/stores/README.md"""

import json
import os
import pathlib
import sys

STORES = pathlib.Path(__file__).resolve().parent.parent / "stores"
sys.path.insert(0, str(STORES))

from harness import equal, holds, main  # noqa: E402
import store  # noqa: E402


def open_store(aludel, name):
    """What it holds by its record."""
    store.unpack(STORES / name / "data.tar.xz", aludel.directory)
    aludel.configure(store.config())
    return json.loads((STORES / name / "expected.json").read_text())


def check(aludel, name):
    expected = open_store(aludel, name)
    holds(aludel.run("verify"), ": good\n")
    store.holds_all(store.look(aludel), expected["before"])
    store.holds_all(store.go_on(aludel), expected["after"])
    store.again(aludel)
    holds(aludel.run("verify"), ": good\n")
    equal(list(aludel.directory.glob("processors/*/processor.json")), [])  # which plugins can write
    os.chdir("/")


def test_a_store_of_0_1(aludel):
    check(aludel, "0.1-mixed")


def test_a_backup_of_a_store_of_0_1_is_restored_and_gone_on_with(aludel):
    expected = open_store(aludel, "0.1-mixed")
    aludel.run("backup", aludel.directory / "backups")
    new = type(aludel)(aludel.directory / "new")
    new.run("restore", aludel.directory / "backups")
    store.holds_all(store.look(new), expected["before"])
    store.holds_all(store.go_on(new), expected["after"])
    os.chdir("/")


if __name__ == "__main__":
    main(globals())
