#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of the tree that no compiler checks.

    check_tree.py ROOT [RULE...]

prints one line for each breach and exits with 1 if there is any. Without RULE it checks all of them: they are the
functions in RULES, and their first lines say what they are.
"""

import re
import sys
from pathlib import Path

# Lowest first: an include may point to the own layer or to one before it.
LAYERS = ["base", "policy", "log", "plugin", "processor", "runtime", "server", "cli"]

# Third-party headers by prefix, and the layers of the host that may include them.
THIRD_PARTY = {
    "sqlite3": ["base", "plugin"],  # the plugin layer serves SQL to handlers
    "simdjson": ["base"],
    "spdlog/": ["base"],
    "boost/dll": ["plugin"],
    "boost/asio": ["runtime", "server"],
    "boost/beast": ["server"],
    "toml": ["runtime"],
    "CLI/": ["cli"],
}

FOLDERS = ["host", "sdk", "plugins", "tests", "scripts", "docs", ".ci"]
CODE = {".c", ".h", ".cpp", ".hpp"}
LINES_MAX = 500
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
# A folder of somebody's own machine, at the start of a path.
MACHINE_PATH = re.compile(r"(?<![\w.$}/)-])/(?:home|root|work|Users|mnt)/\w")


class Tree:
    """The text files of a checkout, but for what is generated or fetched."""

    def __init__(self, root):
        self.root = root
        paths = [path for path in root.iterdir() if path.is_file() and path.name != ".git"]
        for folder in FOLDERS:
            paths += [path for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        self.files = {}
        for path in sorted(paths):
            try:
                self.files[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8").splitlines()
            except UnicodeDecodeError:
                pass  # not text

    def code(self):
        return ((name, lines) for name, lines in self.files.items() if Path(name).suffix in CODE)

    def sources(self):
        """Whatever a person programs: code, build files and scripts."""
        for name, lines in self.files.items():
            kind = Path(name).suffix
            if kind in CODE | {".py", ".sh", ".rs", ".build"} or lines and lines[0].startswith("#!"):
                yield name, lines

    def includes(self):
        """(file, line number, quote or angle, included path) of each include in code."""
        for name, lines in self.code():
            for number, line in enumerate(lines, 1):
                if match := INCLUDE.match(line):
                    yield name, number, match[1], match[2]


def layer_of(name):
    """The layer that a file of host/ or tests/ belongs to, if any; host/main.cpp stands with the topmost."""
    parts = name.split("/")
    if parts[0] == "host" and len(parts) == 2:
        return LAYERS[-1]
    if parts[0] in ("host", "tests") and len(parts) > 2 and parts[1] in LAYERS:
        return parts[1]
    return None


def layers(tree):
    """An include points to the own layer or down; sdk/ depends on nothing, plugins/ on sdk/ alone."""
    for name, number, mark, included in tree.includes():
        top, first = name.split("/")[0], included.split("/")[0]
        where = f"{name}:{number}: includes {included}"
        if top == "host":
            if mark == '"' and first not in LAYERS + ["aludel"]:
                yield f"{where}: name it from host/ on, as in \"base/result.hpp\""
            elif first in LAYERS and LAYERS.index(first) > LAYERS.index(layer_of(name)):
                yield f"{where}: {layer_of(name)} stands below {first}, and an include may only point down"
        elif top == "tests":
            layer = layer_of(name)
            if layer and first in LAYERS and LAYERS.index(first) > LAYERS.index(layer):
                yield f"{where}: a test of {layer} sees {layer} and the layers below it"
        elif top == "sdk" and (first in LAYERS or mark == '"' and first != "aludel"):
            yield f"{where}: the SDK depends on nothing"
        elif top == "plugins" and (first in LAYERS or ".." in included):
            yield f"{where}: a plugin sees the SDK only"


def third_party(tree):
    """A third-party header is included in its one layer only, and never by the SDK or a plugin."""
    for name, number, _, included in tree.includes():
        if name.split("/")[0] not in ("host", "sdk", "plugins"):
            continue
        for prefix, allowed in THIRD_PARTY.items():
            if included.startswith(prefix) and layer_of(name) not in allowed:
                yield f"{name}:{number}: includes {included}, which belongs to {' and '.join(allowed)} alone"


def licence(tree):
    """Every source names its licence in its first line, or in the second after #!."""
    for name, lines in tree.sources():
        if not any("SPDX-License-Identifier: MIT" in line for line in lines[:2]):
            yield f"{name}: its first line must say SPDX-License-Identifier: MIT"


def size(tree):
    """No source is longer than 500 lines."""
    for name, lines in tree.sources():
        if len(lines) > LINES_MAX:
            yield f"{name}: {len(lines)} lines, at most {LINES_MAX}: split it by responsibility"


def machine_paths(tree):
    """No file names a folder of the machine that it was written on."""
    for name, lines in tree.files.items():
        for number, line in enumerate(lines, 1):
            if match := MACHINE_PATH.search(line):
                yield f"{name}:{number}: {match[0]}... is a path of one machine"


RULES = {rule.__name__: rule for rule in (layers, third_party, licence, size, machine_paths)}


def main(arguments):
    root, *names = arguments
    tree = Tree(Path(root))
    breaches = [breach for name in names or RULES for breach in RULES[name](tree)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
