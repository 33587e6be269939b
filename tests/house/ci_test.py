# SPDX-License-Identifier: MIT
""".ci/run adds up what its steps say, and shows the soak, which runs beside others, whole and in one piece."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOOD = {
    "lint": "echo tidy",
    "test": "echo '410 passed, 0 failed'",
    "asan": "echo asan begins; until [ -e soaked ]; do sleep 0.01; done; echo '410 passed, 0 failed'",
    "soak": "echo a story; touch soaked; echo '1 passed, 0 failed'",
    "fuzz": "echo '11 passed, 0 failed'",
}


class Ci(unittest.TestCase):
    def ci(self, **steps):
        """(exit status, printed lines) with a ./dev whose commands are `steps`, or good."""
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            (tree / ".ci").mkdir()
            shutil.copy(ROOT / ".ci" / "run", tree / ".ci" / "run")
            cases = "".join(f"{command}) {body} ;;\n" for command, body in (GOOD | steps).items())
            (tree / "dev").write_text(f"#!/bin/sh\ncase $1 in\n{cases}esac\n")
            (tree / "dev").chmod(0o755)
            run = subprocess.run([tree / ".ci" / "run"], capture_output=True, text=True, check=False, timeout=60)
            return run.returncode, run.stdout.splitlines()

    def test_all_that_passed_is_added_up(self):
        status, said = self.ci()
        self.assertEqual((status, said[-1]), (0, "832 passed, 0 failed"))

    def test_what_failed_is_added_up_and_the_rest_still_runs(self):
        status, said = self.ci(test="echo '400 passed, 10 failed'; exit 1", fuzz="echo '9 passed, 2 failed'; exit 1")
        self.assertEqual((status, said[-1]), (1, "820 passed, 12 failed"))

    def test_a_step_that_fails_without_a_count_is_one_failure(self):
        status, said = self.ci(lint="echo untidy; exit 1", fuzz="echo it does not link; exit 1")
        self.assertEqual((status, said[-1]), (1, "821 passed, 2 failed"))

    def test_a_soak_that_fails_is_one_failure(self):
        for last in ("echo '0 passed, 1 failed'", "echo no disk"):
            status, said = self.ci(soak=f"touch soaked; {last}; exit 1")
            self.assertEqual((status, said[-1]), (1, "831 passed, 1 failed"))

    def test_the_soak_is_shown_in_one_piece_after_what_ran_beside_it(self):
        _, said = self.ci()
        soak = said.index("== ./dev soak --minutes 5")
        self.assertEqual(said[soak + 1:soak + 3], ["a story", "1 passed, 0 failed"])
        self.assertGreater(soak, said.index("asan begins"))


if __name__ == "__main__":
    unittest.main()
