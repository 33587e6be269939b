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

    def test_an_option_is_refused_without_a_number_or_with_one_that_is_too_small(self):
        for command, option, least in [("fuzz", "--seconds", 1), ("fuzz block", "--seconds", 1), ("reload", "--rounds", 1),
                                       ("crash", "--states", 10), ("crash", "--seed", 0), ("scale", "--events", 1),
                                       ("letters", "--letters", 1000), ("poison", "--poison", 1), ("poison", "--events", 2),
                                       ("isolation", "--events", 10000)]:
            for values in [[], ["many"], [""], ["-1"], ["1.5"], ["020000"], ["9" * 30], *([[str(least - 1)]] if least else [])]:
                run = dev(*command.split(), option, *values)
                told = f"{command} {option} {values}: {run.stderr}"
                self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1), told)
                self.assertIn(f"takes a whole number, {least} or more", run.stderr, told)
                self.assertIn(option, run.stderr, told)

    def test_an_unknown_option_is_refused_before_a_number_is_read(self):
        for command in "fuzz reload crash scale letters poison isolation".split():
            run = dev(command, "--frobnicate")
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1))
            self.assertIn("'--frobnicate' is no option of this command", run.stderr)


if __name__ == "__main__":
    unittest.main()
