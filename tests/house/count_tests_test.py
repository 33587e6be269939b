# SPDX-License-Identifier: MIT
"""What count_tests.py makes of a run's testlog.json."""

import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import count_tests


def doctest(passed, failed, skipped=0):
    ran = passed + failed
    return f"[doctest] test cases: {ran:2} | {passed:2} passed | {failed} failed | {skipped} skipped\n"


def test(name, result="OK", stdout=""):
    return {"name": name, "result": result, "stdout": stdout}


class CountTests(unittest.TestCase):
    def run_on(self, tests, others=None):
        """(exit status, printed lines) for a log of `tests`, held against a log of `others`."""
        with tempfile.TemporaryDirectory() as folder:
            log, other = Path(folder, "log.json"), Path(folder, "other.json")
            arguments = [str(log)]
            log.write_text("".join(json.dumps(entry) + "\n" for entry in tests), encoding="utf-8")
            if others is not None:
                other.write_text("".join(json.dumps(entry) + "\n" for entry in others), encoding="utf-8")
                arguments += ["--as-many-as", str(other)]
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = count_tests.main(arguments)
            return status, output.getvalue().splitlines()

    def assert_counts(self, tests, status, line):
        self.assertEqual(self.run_on(tests), (status, [line]))

    def test_cases_of_doctest_and_other_tests_add_up(self):
        self.assert_counts([test("a", stdout=doctest(12, 0)), test("b"), test("c")], 0, "14 passed, 0 failed")

    def test_a_failed_case_counts_once(self):
        self.assert_counts([test("a", "FAIL", doctest(3, 2)), test("b", "FAIL")], 1, "3 passed, 3 failed")

    def test_a_crash_or_a_time_out_without_a_summary_counts_as_one_failure(self):
        self.assert_counts([test("a", "FAIL"), test("b", "TIMEOUT", "[doctest] run\n")], 1, "0 passed, 2 failed")

    def test_a_finding_after_the_summary_is_a_failure(self):
        self.assert_counts([test("a", "FAIL", doctest(3, 0) + "LeakSanitizer\n")], 1, "3 passed, 1 failed")

    def test_one_that_is_skipped_needs_no_cases_if_it_says_why(self):
        reason = "skipped: not for a sanitizer"
        run = self.run_on([test("a"), test("b", "SKIP", reason + "\n")], [test("a"), test("b")])
        self.assertEqual(run, (0, [f"b: {reason}", "1 passed, 0 failed"]))
        status, lines = self.run_on([test("a"), test("b", "SKIP")], [test("a"), test("b")])
        self.assertEqual((status, lines[0]), (1, "b: 0 cases ran here, 1 in the plain run (./dev test makes a new one)"))

    def test_skipped_cases_and_tests_do_not_count(self):
        self.assert_counts([test("a", stdout=doctest(3, 0, skipped=4)), test("b", "SKIP")], 0, "3 passed, 0 failed")

    def test_a_coloured_summary_is_read(self):
        line = "\x1b[0m[doctest] \x1b[0mtest cases: 2 | \x1b[32m2 passed\x1b[0m | 0 failed | 0 skipped\n"
        self.assert_counts([test("a", stdout=line)], 0, "2 passed, 0 failed")

    def test_that_nothing_ran_is_a_failure(self):
        status, lines = self.run_on([])
        self.assertEqual((status, lines[-1]), (1, "0 passed, 0 failed"))

    def test_a_run_must_match_the_plain_one(self):
        plain = [test("a", stdout=doctest(3, 0)), test("b")]
        self.assertEqual(self.run_on(plain, plain), (0, ["4 passed, 0 failed"]))
        status, lines = self.run_on([test("a", stdout=doctest(2, 0))], plain)
        self.assertEqual((status, len(lines), lines[-1]), (1, 3, "2 passed, 0 failed"))


if __name__ == "__main__":
    unittest.main()
