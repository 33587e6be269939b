# SPDX-License-Identifier: MIT
"""What must hold of a story, whatever was killed and whatever failed in it."""

import collections
import contextlib
import json
import sqlite3

from harness import equal

# By how they end: they never leave a row ...
FAILING = [
    {"does": "fail"},
    {"does": "fail", "writes": True},
    {"does": "throw"},
    {"does": "unknown", "writes": True},
    {"does": "constraint"},
    {"does": "fail", "in": "validate"},
    {"does": "fail", "in": "flush", "blames": True},
    {"does": "fail", "in": "flush"},
    {"does": "die", "writes": True},
    {"does": "exit"},
]
# ... or leave one in the end ...
PASSING = [
    {"does": "retry", "until": 1},
    {"does": "retry", "until": 3, "writes": True},
    {"does": "retry", "until": 2, "after_ms": 20},
]
# ... or leave nothing, as the handler passes them ...
SKIPPED = [{"does": "skip"}]
# ... or the operator has to.
STOPPING = [{"does": "fatal"}]

# An event that is not at fault is a letter only if its process was killed at it again and again.
OF_KILLS = {"interrupted"}


class Model:
    def __init__(self, random):
        self.random = random
        self.events = collections.defaultdict(list)  # by producer

    def appended(self):
        return sum(map(len, self.events.values()))

    def make_batch(self, producer, size, bulk):
        """(sequence of the first, events)"""
        known = self.events[producer]
        first = len(known)
        for _ in range(size):
            known.append(self.make_event(f"{producer}/{len(known)}", bulk))
        return first, known[first:]

    def make_event(self, subject, bulk):
        kind = self.random.choices(["plan", "link.0", "other"], weights=[5, 3, 1])[0]
        data = {"of": subject}
        if kind == "plan" and self.random.random() < 0.1:
            group = self.random.choices([FAILING, PASSING, SKIPPED, STOPPING], weights=[40, 40, 10, 1])[0]
            data.update(self.random.choice(group))
        if kind == "other":
            data["bulk"] = "x" * bulk
        return {"type": kind, "subject": subject, "data": data}

    def check(self, aludel, keeps_all):
        status = aludel.json("status")
        for processor in status["processors"]:
            told = processor["name"], processor["lag"], processor["emits_pending"], processor["commands_kept"]
            equal(told, (processor["name"], 0, 0, 0))
        aludel.run("verify")
        links = sum(event["type"] == "link.0" for events in self.events.values() for event in events)
        for name in ("link1", "link2"):
            self.check_link(aludel, name, links)
        if keeps_all:
            log = [json.loads(line) for line in aludel.run("log").splitlines()]
            equal(status["log"]["events"], len(log))
            self.check_log(log)
            self.check_planned(aludel, log)
        equal(status["log"]["events"], self.appended() + 2 * links)

    def check_log(self, log):
        """What producers appended is there once, in their order; so is what was emitted, in that of its causes."""
        found = collections.defaultdict(list)
        for event in log:
            emitted = event["type"] in ("link.1", "link.2")
            found[event["type"] if emitted else event["subject"].split("/")[0]].append(event)
        for producer, events in self.events.items():
            equal([(e["type"], e["subject"], e["data"]) for e in found[producer]],
                  [(e["type"], e["subject"], e["data"]) for e in events])
        causes = [event for event in log if event["type"] == "link.0"]
        for link in ("link.1", "link.2"):
            equal([(e["subject"], e["aludelcause"]) for e in found[link]],
                  [(e["subject"], str(e["position"])) for e in causes])
            causes = found[link]

    def check_link(self, aludel, name, links):
        """Each event of the first link has come this far once: has a row, or a letter, or was skipped, or dropped."""
        with projection(aludel, name) as database:
            rows = [json.loads(data)["of"] for (data,) in database.execute("select data from seen order by id")]
            unhandled = self.check_letters(database, {row for (row,) in database.execute("select id from seen")})
            (passed,) = database.execute("select skipped + expired from _aludel_cursor").fetchone()
        assert len(set(rows)) == len(rows), f"{name} has a row twice"
        told = name, links, len(rows), len(unhandled), passed, self.replayed_skips
        assert len(rows) + len(unhandled) + passed + self.replayed_skips >= links, told

    def check_planned(self, aludel, log):
        plans = {event["position"]: event["data"] for event in log if event["type"] == "plan"}
        with projection(aludel, "planned") as database:
            rows = {row for (row,) in database.execute("select id from seen")}
            unhandled = self.check_letters(database, rows)
            handled, skipped = database.execute("select handled, skipped from _aludel_cursor").fetchone()
        equal(handled + skipped + len(unhandled), len(plans))
        missing = set(plans) - rows - set(unhandled)
        assert len(missing) <= skipped + self.replayed_skips, (sorted(missing), skipped)
        for position, data in plans.items():
            plan = {key: value for key, value in data.items() if key != "of"}
            told = position, plan, position in rows, unhandled.get(position)
            if plan in FAILING or plan in SKIPPED or plan in STOPPING:
                assert position not in rows, told
            if plan not in FAILING and position in unhandled:
                assert unhandled[position] in OF_KILLS, told

    def check_letters(self, database, rows):
        """@return the codes of the letters whose events were not handled, by event"""
        unhandled = {}
        self.replayed_skips = 0
        for event, state, code in database.execute(
                "select event_id, state, code from _aludel_letter where reason <> 'reset'"):
            if state == "replayed":
                self.replayed_skips += event not in rows
                continue
            assert state in ("dead", "permanent", "discarded"), (event, state)
            assert event not in rows, f"event {event} has a row and a letter that is {state}"
            assert event not in unhandled, f"event {event} has two letters"
            unhandled[event] = code
        return unhandled


def projection(aludel, name):
    file = aludel.directory / "processors" / name / "projection.db"
    return contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True))
