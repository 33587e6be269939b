# SPDX-License-Identifier: MIT
"""What mutate.py tells of mutants, on a small tree that it builds."""

import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import mutate

# Says what a doctest program would, of one test case.
PROGRAM = """// TEST_CASE("two and two are four")
#include <cstdio>
int sum(int a, int b) {
  return a + b;
}
int main() {
  const int good = sum(2, 2) == 4;
  std::printf("[doctest] test cases: 1 | %d passed | %d failed | 0 skipped\\n", good, 1 - good);
  std::printf("[doctest] assertions: 1 | %d passed | %d failed |\\n", good, 1 - good);
  return 1 - good;
}
"""
TREE = {
    "meson.build": "project('small', 'cpp')\ntest('sum', executable('sum_test', 'tests/sum_test.cpp'))\n",
    "meson_options.txt": "option('tests', type: 'boolean', value: true)\n",
    "tests/sum_test.cpp": PROGRAM,
}
HEAD = "Breaks: sums\nPromise: 0, it can add\nKilled by: sum: two and two are four\n"


def patch(before, after, head=HEAD):
    return f"{head}\n--- a/tests/sum_test.cpp\n+++ b/tests/sum_test.cpp\n@@ -4,1 +4,1 @@\n-  {before}\n+  {after}\n"


def doctest(cases, passed, failed_assertions):
    failed = cases - passed
    return (f"[doctest] test cases: {cases} | {passed} passed | {failed} failed | 0 skipped\n"
            f"[doctest] assertions: 9 | {9 - failed_assertions} passed | {failed_assertions} failed |\n")


class Mutate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in TREE.items():
            self.write(name, text)

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def mutants(self, **patches):
        for name, text in patches.items():
            self.write(f"tests/mutants/{name}.patch", text)

    def run_it(self, *arguments):
        """(exit status, printed lines)"""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = mutate.main(list(arguments), self.root)
        return status, output.getvalue().splitlines()

    def test_what_a_test_notices_is_killed_and_what_none_notices_survives(self):
        self.mutants(a_difference=patch("return a + b;", "return a - b;"), b_order=patch("return a + b;", "return b + a;"),
                     c_no_code=patch("return a + b;", "return a + c;"), d_crash=patch("return a + b;", "__builtin_trap();"))
        status, lines = self.run_it()
        self.assertEqual(status, 1)
        self.assertEqual(lines[0], "without a mutant 1 test cases pass")
        self.assertEqual([line.split()[:2] for line in lines[1:-1]],
                         [["killed", "a_difference"], ["survived", "b_order"], ["void", "c_no_code"], ["void", "d_crash"]])
        self.assertEqual(lines[-1], "1 killed, 1 survived, 2 void")
        self.assertEqual((self.root / "tests/sum_test.cpp").read_text(encoding="utf-8"), PROGRAM)
        # Again, of what has changed meanwhile.
        self.write("tests/sum_test.cpp", PROGRAM.replace("sum(2, 2) == 4", "sum(2, 2) == 4 && sum(0, 1) == 1"))
        self.assertEqual(self.run_it("a_"), (0, [lines[0], lines[1], "1 killed, 0 survived"]))

    def test_a_test_that_fails_anyway_kills_nothing(self):
        self.mutants(a_difference=patch("return a + b;", "return a - b;"))
        self.write("tests/sum_test.cpp", PROGRAM.replace("== 4", "== 5"))
        with self.assertRaisesRegex(SystemExit, '"two and two are four" failed without a mutant'):
            self.run_it()

    def test_a_mutant_that_does_not_apply_is_told(self):
        self.mutants(a_stale=patch("return a * b;", "return a - b;"), b_difference=patch("return a + b;", "return a - b;"))
        for arguments in [], ["--check"]:
            status, lines = self.run_it(*arguments)
            self.assertEqual(status, 1)
            self.assertEqual(lines, ["a_stale: it does not apply: make it anew"])
        self.assertEqual(self.run_it("--check", "b_"), (0, []))

    def test_a_head_that_says_too_little_and_a_test_case_that_is_not_there_are_told(self):
        good = ("return a + b;", "return a - b;")
        self.mutants(a=patch(*good, head=HEAD.replace("Promise: 0, it can add\n", "")),
                     b=patch(*good, head=HEAD.replace("sum: ", "")),
                     c=patch(*good, head=HEAD.replace("four", "five")))
        status, lines = self.run_it("--check")
        self.assertEqual(status, 1)
        self.assertEqual([line[:1] for line in lines], ["a", "b", "c"])
        self.assertIn('"two and two are five"', lines[2])

    def test_no_mutant_is_an_error(self):
        with self.assertRaises(SystemExit):
            self.run_it("nothing")

    def test_only_an_assertion_in_the_one_test_case_kills(self):
        self.assertEqual(mutate.judge(0, doctest(1, 1, 0)), "passed")
        self.assertEqual(mutate.judge(1, doctest(1, 0, 2)), "failed")
        self.assertEqual(mutate.judge(1, doctest(1, 0, 0)), "failed without a failed assertion")
        self.assertEqual(mutate.judge(0, doctest(0, 0, 0)), "ran as 0 test cases")
        self.assertEqual(mutate.judge(1, doctest(2, 1, 1)), "ran as 2 test cases")
        self.assertEqual(mutate.judge(-6, doctest(1, 0, 1)), "ended by signal 6")
        self.assertEqual(mutate.judge(1, "Segmentation fault"), "ended with 1 without a summary")


if __name__ == "__main__":
    unittest.main()
