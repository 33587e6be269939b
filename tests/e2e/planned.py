# SPDX-License-Identifier: MIT
"""A processor x of the handler that does to each event what its data plans, and commands on it."""

from harness import FACTS

FAIL_FAST = 'strategy = "fail_fast"'
LETTERS = 'strategy = "dead_letter"'


def configure(aludel, strategy, more=""):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\n{strategy}\n{more}\n')


def plans(aludel, *datas):
    aludel.append_events(*({"type": "plan", "data": data} for data in datas))


def seen(aludel):
    return [row["id"] for row in aludel.json("query", "x", "select id from seen order by id")]


def command(aludel, *arguments, status=0):
    return aludel.run("processor", *arguments, status=status)
