# SPDX-License-Identifier: MIT
"""A soak that fails says so in its last line, with how its story is played again above it."""

import subprocess
import sys
import unittest
from pathlib import Path

SOAK = Path(__file__).parents[1] / "soak" / "soak.py"


class Soak(unittest.TestCase):
    def test_a_story_that_fails_is_counted(self):
        run = subprocess.run([sys.executable, "-B", SOAK, "--aludel", "/bin/false", "--planned", "none", "--chain", "none",
                              "--flaky-disk", "none", "--minutes", "0", "--story", "0", "--seed", "7"],
                             capture_output=True, text=True, check=False)
        said = run.stdout.splitlines()
        self.assertEqual((run.returncode, said[-1]), (1, "0 passed, 1 failed"), run.stdout + run.stderr)
        self.assertEqual(said[-2], "story 7 failed; --seed 7 --minutes 0 plays it again")
        self.assertIn("the host did not start", run.stdout)


if __name__ == "__main__":
    unittest.main()
