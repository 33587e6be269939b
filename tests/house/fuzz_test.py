# SPDX-License-Identifier: MIT
"""scripts/fuzz.py counts fuzz targets, keeps what they say apart, and says how a finding is repeated."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fuzz.py"
GOOD = 'echo "stat::number_of_executed_units: 1234"'
FINDS = """
for argument; do case $argument in -artifact_prefix=*) kept=${argument#*=}crash-1 ;; esac; done
echo bad >"$kept"; echo "==1==ERROR: AddressSanitizer: heap-buffer-overflow"; echo "Test unit written to $kept"; exit 77
"""
DIES = 'echo "cannot load"; exit 1'


class Fuzz(unittest.TestCase):
    def run_targets(self, **targets):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.build = Path(scratch.name)
        (self.build / "tests" / "fuzz").mkdir(parents=True)
        for name, body in targets.items():
            program = self.build / "tests" / "fuzz" / f"fuzz_{name}"
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        run = subprocess.run([sys.executable, "-B", SCRIPT, self.build, "--seconds", "7", *targets],
                             capture_output=True, text=True, check=False)
        return run.returncode, run.stdout.splitlines()

    def test_each_target_that_finds_nothing_is_a_case_that_passed(self):
        status, said = self.run_targets(block=GOOD, json=GOOD, elf=GOOD)
        self.assertEqual((status, said[-1]), (0, "3 passed, 0 failed"))
        self.assertIn("fuzz json: nothing found in 1,234 inputs", said)

    def test_a_finding_fails_and_says_which_input_repeats_it(self):
        status, said = self.run_targets(block=GOOD, json=FINDS)
        self.assertEqual((status, said[-1]), (1, "1 passed, 1 failed"))
        kept = self.build / "json-crash-1"
        self.assertTrue(kept.exists())
        self.assertIn(f"fuzz json: failed with status 77: {self.build}/tests/fuzz/fuzz_json {kept} repeats it", said)
        self.assertIn("==1==ERROR: AddressSanitizer: heap-buffer-overflow", said)

    def test_a_target_that_cannot_run_fails_and_says_where_its_words_are(self):
        status, said = self.run_targets(block=DIES)
        self.assertEqual((status, said[-1]), (1, "0 passed, 1 failed"))
        self.assertIn(f"no input was kept; {self.build}/block.log", said[-2])

    def test_what_targets_say_is_not_mixed(self):
        talks = "for n in 1 2 3 4 5 6 7 8 9; do echo $0 $n; done; exit 1"
        _, said = self.run_targets(block=talks, json=talks)
        lines = [line.split("fuzz_")[1] for line in said if line[-2:-1] == " " and line[-1].isdigit()]
        self.assertEqual(sorted(lines), sorted(f"{t} {n}" for t in ("block", "json") for n in range(1, 10)))
        for at in range(0, 18, 9):
            self.assertEqual(len({line.split()[0] for line in lines[at:at + 9]}), 1)

    def test_it_tells_targets_how_long_and_where_their_inputs_are(self):
        _, said = self.run_targets(block='echo "$@"; exit 1')
        self.assertIn("-max_total_time=7 ", said[0])
        self.assertTrue(said[0].endswith(f" {self.build}/corpus/block {SCRIPT.parents[1]}/tests/fuzz/corpus/block"))


if __name__ == "__main__":
    unittest.main()
