# SPDX-License-Identifier: MIT
"""Each rule of check_tree.py finds what is planted against it, and leaves what is right alone."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import check_tree

LICENCE = "// SPDX-License-Identifier: MIT\n"


class CheckTree(unittest.TestCase):
    def breaches(self, rule, files):
        """What `rule` says of a tree of `files` (text by name)."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = check_tree.main([folder, rule])
            lines = output.getvalue().splitlines()
            self.assertEqual(status, 1 if lines else 0)
            return lines

    def assert_breach(self, rule, name, text):
        lines = self.breaches(rule, {name: text})
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith(name), lines[0])

    def assert_none(self, rule, name, text):
        self.assertEqual(self.breaches(rule, {name: text}), [])

    def test_an_include_may_point_down_or_to_the_own_layer(self):
        self.assert_none("layers", "host/log/a.hpp", '#include "base/a.hpp"\n#include "log/b.hpp"\n')
        self.assert_none("layers", "host/main.cpp", '#include "cli/run.hpp"\n')
        self.assert_none("layers", "host/plugin/a.hpp", "#include <aludel/plugin.h>\n#include <vector>\n")

    def test_an_include_may_not_point_up(self):
        self.assert_breach("layers", "host/base/a.hpp", '#include "log/a.hpp"\n')
        self.assert_breach("layers", "host/policy/a.cpp", '  #  include "log/a.hpp"\n')
        self.assert_breach("layers", "host/runtime/os/a.cpp", "#include <server/a.hpp>\n")

    def test_an_include_may_not_go_round_the_layers(self):
        self.assert_breach("layers", "host/base/a.hpp", '#include "../log/a.hpp"\n')
        self.assert_breach("layers", "host/base/a.hpp", '#include "host/log/a.hpp"\n')
        self.assert_breach("layers", "host/base/a.hpp", '#include "a.hpp"\n')

    def test_a_unit_test_sees_its_own_layer_and_those_below(self):
        self.assert_none("layers", "tests/log/a.cpp", '#include "log/a.hpp"\n#include "base/a.hpp"\n')
        self.assert_breach("layers", "tests/base/a.cpp", '#include "log/a.hpp"\n')
        self.assert_none("layers", "tests/e2e/a.cpp", '#include "cli/a.hpp"\n#include "fixture.hpp"\n')

    def test_the_sdk_and_plugins_see_nothing_of_the_host(self):
        self.assert_breach("layers", "sdk/include/aludel/plugin.hpp", '#include "base/result.hpp"\n')
        self.assert_breach("layers", "plugins/ledger/ledger.cpp", "#include <base/result.hpp>\n")
        self.assert_breach("layers", "plugins/ledger/ledger.cpp", '#include "../../host/base/result.hpp"\n')
        self.assert_none("layers", "plugins/ledger/ledger.cpp", '#include <aludel/plugin.hpp>\n#include "rows.hpp"\n')

    def test_a_third_party_header_stays_in_its_layer(self):
        self.assert_none("third_party", "host/base/sqlite.cpp", "#include <sqlite3.h>\n")
        self.assert_none("third_party", "host/server/http.cpp", "#include <boost/asio.hpp>\n")
        self.assert_breach("third_party", "host/processor/a.cpp", "#include <sqlite3.h>\n")
        self.assert_breach("third_party", "host/base/a.cpp", "#include <boost/dll/import.hpp>\n")
        self.assert_breach("third_party", "plugins/tally/tally.cpp", "#include <sqlite3.h>\n")

    def test_a_source_names_its_licence(self):
        self.assert_none("licence", "host/a.hpp", LICENCE)
        self.assert_none("licence", "dev", "#!/bin/sh\n# SPDX-License-Identifier: MIT\n")
        self.assert_breach("licence", "host/a.hpp", "#pragma once\n")
        self.assert_breach("licence", "host/meson.build", "")
        self.assert_breach("licence", "scripts/run", "#!/bin/sh\n")

    def test_a_source_is_not_longer_than_500_lines(self):
        self.assert_none("size", "host/a.cpp", "\n" * 500)
        self.assert_breach("size", "host/a.cpp", "\n" * 501)

    def test_no_file_names_a_folder_of_one_machine(self):
        self.assert_breach("machine_paths", "docs/a.md", "see " + "/home" + "/me/notes\n")
        self.assert_breach("machine_paths", "host/a.cpp", 'open("' + "/root" + '/x");\n')
        self.assert_none("machine_paths", "docs/a.md", "$data/home/x, docs/work/y, /usr/bin/true\n")


if __name__ == "__main__":
    unittest.main()
