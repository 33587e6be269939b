#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A plugin in strict C99, without the wrapper, in the real host."""

from harness import FACTS, equal, holds, main


def test_a_plugin_in_strict_c99_runs(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["c99"]}"\nconfig = {{ pointer = "/n" }}\n')
    aludel.append_events({"type": "numbered.one", "id": "first", "subject": "k", "data": {"n": 7}},
           {"type": "other", "data": {}}, {"type": "numbered.two", "id": "second", "data": {"n": -8}})
    holds(aludel.drain(), "info x| c99 stops\n")
    rows = [{"event_id": 0, "key": "k", "number": 7, "id": "first"},
            {"event_id": 2, "key": "", "number": -8, "id": "second"}]
    equal(aludel.json("query", "x", "select * from seen order by event_id"), rows)

    aludel.append_events({"type": "numbered.three", "data": {"n": "no number"}})
    aludel.drain(status=1)
    equal(aludel.processor()["error"]["code"], "not_an_integer")
    equal(aludel.json("query", "x", "select * from seen order by event_id"), rows)


if __name__ == "__main__":
    main(globals())
