# SPDX-License-Identifier: MIT
"""Versions of the handler of plugins/reloaded.cpp, and a processor x that runs them."""

import os

from harness import FACTS


def version(number, kind="good", **patches):
    """The plugin's bytes, of version 1.NNN; patches: other texts of the same length, by that which they replace."""
    content = open(FACTS["reloaded"], "rb").read()
    texts = {b"1.000": b"1.%03d" % number, b"kind=good  ": b"kind=" + kind.encode().ljust(6)}
    texts |= {old.encode(): new.encode() for old, new in patches.items()}
    for old, new in texts.items():
        assert len(old) == len(new) and old in content, old
        content = content.replace(old, new)
    return content


def plugin(aludel):
    return aludel.directory / "plugins" / "reloaded.so"


def rename(aludel, content):
    """As a careful operator puts a new file there."""
    draft = plugin(aludel).with_suffix(".new")
    draft.write_bytes(content)
    draft.rename(plugin(aludel))


def overwrite(aludel, content):
    """As `cp` does: in place."""
    with open(plugin(aludel), "r+b") as file:
        file.truncate(0)
        file.write(content)


def configure(aludel, more=""):
    os.makedirs(plugin(aludel).parent, exist_ok=True)
    rename(aludel, version(0))
    aludel.configure(f'[host]\nplugin_dirs = ["plugins"]\n[processor.x]\nplugin = "reloaded.so"\n{more}\n')


def reload(aludel):
    """What a reload that must succeed came to."""
    return aludel.json("plugin", "reload", "x")


def seen(aludel):
    return [(row["id"], row["version"]) for row in aludel.json("query", "x", "select id, version from seen order by n")]
