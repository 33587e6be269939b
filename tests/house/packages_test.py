# SPDX-License-Identifier: MIT
"""./dev installs what is missing, nothing else, and removes nothing unasked. Debian's tools are played by scripts."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[2]

DPKG_QUERY = """#!/bin/bash
status=0
for name in "${@:3}"; do
  if [[ " $INSTALLED " == *" $name "* ]]; then echo "$name installed"; else status=1; fi
done
exit $status
"""
APT_GET = '#!/bin/bash\necho "$@" >>"$APT_LOG"\n'


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tools = Path(folder.name)
        self.log = self.tools / "apt.log"
        self.tool("dpkg-query", DPKG_QUERY)
        self.tool("apt-get", APT_GET)
        self.user(0)

    def tool(self, name, text):
        (self.tools / name).write_text(text, encoding="utf-8")
        (self.tools / name).chmod(0o755)

    def user(self, number):
        self.tool("id", f"#!/bin/sh\necho {number}\n")

    def need(self, wanted, installed):
        """Asks for the packages `wanted` where `installed` are there; the caller is no terminal."""
        script = f"set -euo pipefail; source scripts/packages.sh; packages_some=({wanted}); need some"
        return subprocess.run(
            ["bash", "-c", script],
            cwd=ROOT,
            env={"PATH": f"{self.tools}:{os.environ['PATH']}", "INSTALLED": installed, "APT_LOG": self.log},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def asked_of_apt(self):
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []

    def test_what_is_installed_costs_no_call_of_apt(self):
        self.assertEqual(self.need("g++ zstd", "zstd g++").returncode, 0)
        self.assertEqual(self.asked_of_apt(), [])

    def test_only_what_is_missing_is_installed_and_nothing_removed(self):
        self.assertEqual(self.need("g++ gcovr zstd", "zstd g++").returncode, 0)
        update, install = self.asked_of_apt()
        self.assertIn("update", update.split())
        self.assertIn("--no-remove", install.split())
        self.assertEqual(install.split()[-2:], ["--no-remove", "gcovr"])

    def test_without_root_and_sudo_the_command_to_run_is_said(self):
        self.user(1000)
        self.tool("sudo", "#!/bin/sh\nexit 1\n")
        run = self.need("gcovr zstd", "zstd")
        self.assertEqual((run.returncode, run.stderr.count("\n")), (2, 1))
        self.assertRegex(run.stderr, r"apt-get install .*gcovr$")
        self.assertEqual(self.asked_of_apt(), [])

    def test_an_older_boost_is_not_replaced_unasked(self):
        run = self.need("libboost1.81-dev", "libboost1.74-dev")
        self.assertEqual((run.returncode, run.stderr.count("\n")), (2, 1))
        self.assertIn("libboost1.74-dev", run.stderr)
        self.assertEqual(self.asked_of_apt(), [])


if __name__ == "__main__":
    unittest.main()
