# SPDX-License-Identifier: MIT
"""./dev says what it can do, and refuses the rest in one line with status 2."""

import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]


def dev(*arguments):
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, check=False)


class Dev(unittest.TestCase):
    def test_help_has_a_line_for_each_command(self):
        said = dev("help").stdout
        for command in "demo build test asan tsan coverage lint format kill reload crash faults soak mutate fuzz scale letters poison isolation bare clean".split():
            self.assertRegex(said, rf"(?m)^  {command} +\w")

    def test_help_may_be_asked_of_a_command(self):
        self.assertEqual(dev("test", "--help").stdout, dev("help").stdout)

    def test_an_unknown_command_is_refused(self):
        run = dev("frobnicate")
        self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1))
        self.assertIn("frobnicate", run.stderr)


if __name__ == "__main__":
    unittest.main()
