#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Breaks the sources in one way after another, and sees that a test fails each time: a test that cannot fail is none.

    mutate.py [--check] [NAME...]

A mutant is a patch in tests/mutants/, with a head that says what it breaks, which promise, and which test case has to
notice: "Killed by: PROGRAM: TEST CASE", a doctest program by its name in Meson. Each is applied to a copy of the tree
in build-mutants/, working changes included; its test programs are built there, and the named test cases alone are run.
It is killed if in each of them an assertion fails: not by a compiler, a crash, or a time-out. The last line is
"N killed, N survived"; the exit status is 1 unless all were killed. NAME chooses those whose file names hold it.

--check only sees, in the tree itself, that each patch applies and that the test cases are there.
"""

import argparse
import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

FIELDS = ("Breaks", "Promise", "Killed by")
TIME_MAX = 120  # seconds, of a test case
CASES = re.compile(r"\[doctest\] test cases: *(\d+) \| *(\d+) passed")
ASSERTIONS = re.compile(r"\[doctest\] assertions: *\d+ \| *\d+ passed \| *(\d+) failed")
NAMED_CASE = re.compile(r'TEST_CASE(?:_FIXTURE)?\((?:\w+,)?\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Mutant:
    """A patch and its head."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        text = path.read_text(encoding="utf-8")
        head = [line.partition(": ") for line in text.partition("\n--- ")[0].splitlines() if line]
        self.killers = [tuple(value.split(": ", 1)) for field, _, value in head if field == "Killed by"]
        self.files = re.findall(r"(?m)^\+\+\+ b/(\S+)", text)
        fields = {field for field, _, value in head if value}
        self.is_well_formed = fields == set(FIELDS) and all(len(killer) == 2 for killer in self.killers)

    def patch(self, folder, how):
        command = ["patch", "--directory", folder, "--input", self.path, "--strip=1", "--fuzz=0", "--batch", "--forward"]
        return subprocess.run([*command, how], capture_output=True, check=False).returncode == 0

    def applies(self, folder):
        return self.patch(folder, "--dry-run")

    def apply(self, folder):
        assert self.patch(folder, "--no-backup-if-mismatch")


def named_cases(root):
    """The names of all test cases in the sources."""
    for path in (root / "tests").rglob("*.cpp"):
        for literals in NAMED_CASE.findall(path.read_text(encoding="utf-8")):
            yield "".join(LITERAL.findall(literals))


def check(root, mutants):
    """A line for each mutant that is of no use."""
    cases = set(named_cases(root))
    for mutant in mutants:
        if not mutant.is_well_formed:
            yield f"{mutant.name}: its head must say {', '.join(FIELDS)}, the last as PROGRAM: TEST CASE"
            continue
        if not mutant.applies(root):
            yield f"{mutant.name}: it does not apply: make it anew"
        for _, case in mutant.killers:
            if case not in cases:
                yield f"{mutant.name}: no test case is called \"{case}\": name the one that notices now"


class Workshop:
    """A copy of the tree, with a build directory of its own."""

    def __init__(self, root):
        self.root, self.folder = root, root / "build-mutants"
        self.build_folder = self.folder / "build"

    def is_source(self, path):
        parts = path.relative_to(self.root).parts
        return not (parts[0].startswith("build") and (self.root / parts[0]).is_dir()
                    or parts[0] in (".git", ".cache") or "__pycache__" in parts)

    def take_over(self):
        """Brings the copy up to the tree; what is the same stays as old as it is."""
        here = {path.relative_to(self.root) for path in self.root.rglob("*") if self.is_source(path) and path.is_file()}
        if self.folder.exists():
            for path in list(self.folder.rglob("*")):
                name = path.relative_to(self.folder)
                if name.parts[0] != "build" and path.is_file() and name not in here:
                    path.unlink()
        for name in here:
            if not (self.folder / name).exists() or not filecmp.cmp(self.root / name, self.folder / name, shallow=False):
                self.restore(name)

    def restore(self, name):
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.root / name, self.folder / name)

    def configure(self):
        if (self.build_folder / "build.ninja").exists():
            # What Meson tells of the tests may be older than they are.
            subprocess.run(["ninja", "-C", self.build_folder, "build.ninja"], stdout=subprocess.DEVNULL, check=True)
            return
        cache = "ccache " if shutil.which("ccache") else ""
        compilers = {"CC": os.environ.get("CC", cache + "gcc"), "CXX": os.environ.get("CXX", cache + "g++")}
        options = ["-Doptimization=0", "-Ddebug=false", "-Dtests=true"]
        subprocess.run(["meson", "setup", *options, self.build_folder, self.folder], env=os.environ | compilers,
                       stdout=subprocess.DEVNULL, check=True)

    def introspect(self, what):
        return json.loads((self.build_folder / "meson-info" / f"intro-{what}.json").read_text(encoding="utf-8"))

    def build(self, programs):
        """Builds the test programs of these names, and what they need. @return whether that went well"""
        files = {target["id"]: target["filename"] for target in self.introspect("targets")}
        wanted = []
        for test in self.introspect("tests"):
            if test["name"] in programs:
                wanted += [path for target in test["depends"] for path in files[target]] + test["cmd"][:1]
        targets = sorted({os.path.relpath(path, self.build_folder) for path in wanted})
        self.log = subprocess.run(["ninja", "-C", self.build_folder, *targets], capture_output=True, text=True, check=False)
        return self.log.returncode == 0

    def run(self, program, case):
        """What became of a test case: "passed", "failed" by an assertion, or what else, in words."""
        test = next((test for test in self.introspect("tests") if test["name"] == program), None)
        if test is None:
            return f"no test program is called {program}"
        escaped = case.replace("\\", "\\\\").replace(",", "\\,")
        command = [*test["cmd"], "--no-colors=true", f"--test-case={escaped}"]
        try:
            done = subprocess.run(command, cwd=self.build_folder, env=os.environ | test["env"], timeout=TIME_MAX, text=True,
                                  errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired:
            return f"took over {TIME_MAX} s"
        return judge(done.returncode, done.stdout)


def judge(status, output):
    """What became of the one test case that a doctest program was to run."""
    cases, assertions = CASES.findall(output), ASSERTIONS.findall(output)
    if status < 0 or not cases or not assertions:
        return f"ended by signal {-status}" if status < 0 else f"ended with {status} without a summary"
    count, passed = map(int, cases[-1])
    if count != 1:
        return f"ran as {count} test cases"
    if passed == 1 and status == 0:
        return "passed"
    return "failed" if int(assertions[-1]) > 0 else "failed without a failed assertion"


def require_sound(workshop, mutants):
    """Ends unless all that is to notice mutants passes without any."""
    killers = sorted({killer for mutant in mutants for killer in mutant.killers})
    if not workshop.build({program for program, _ in killers}):
        print(workshop.log.stdout[-4000:], end="")
        raise SystemExit("mutate: the tree does not build without a mutant: ./dev test tells why")
    for program, case in killers:
        if (became := workshop.run(program, case)) != "passed":
            raise SystemExit(f"mutate: {program}: \"{case}\" {became} without a mutant: mend that first")
    print(f"without a mutant {len(killers)} test cases pass", flush=True)


def try_out(workshop, mutant):
    """("killed", "survived" or "void"; a word about it)"""
    mutant.apply(workshop.folder)
    try:
        if not workshop.build({program for program, _ in mutant.killers}):
            return "void", "does not build"
        for program, case in mutant.killers:
            became = workshop.run(program, case)
            if became != "failed":
                return "survived" if became == "passed" else "void", f"{program}: \"{case}\" {became}"
        return "killed", ", ".join(f"{program}: {case}" for program, case in mutant.killers)
    finally:
        for name in mutant.files:
            workshop.restore(name)


def main(arguments, root=Path(__file__).resolve().parents[1]):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="see only that each applies and names tests that are there")
    parser.add_argument("names", nargs="*", metavar="NAME", help="those whose file names hold it; all if there is none")
    options = parser.parse_args(arguments)
    mutants = [Mutant(path) for path in sorted((root / "tests" / "mutants").glob("*.patch"))
               if not options.names or any(name in path.name for name in options.names)]
    if not mutants:
        raise SystemExit("mutate: there is no such mutant: tests/mutants/ holds those that there are")
    useless = list(check(root, mutants))
    if useless or options.check:
        print("".join(line + "\n" for line in useless), end="")
        return 1 if useless else 0

    workshop = Workshop(root)
    workshop.take_over()
    workshop.configure()
    require_sound(workshop, mutants)
    ends = []
    for mutant in mutants:
        end, about = try_out(workshop, mutant)
        ends.append(end)
        print(f"{end:9} {mutant.name:32} {about}", flush=True)
    void = ends.count("void")
    print(f"{ends.count('killed')} killed, {ends.count('survived')} survived" + (f", {void} void" if void else ""))
    return 0 if ends.count("killed") == len(ends) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
