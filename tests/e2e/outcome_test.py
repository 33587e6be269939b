#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of an event that a handler does not handle, under each strategy: the table, end to end.

Four events; the second misbehaves by plan. Checked: rows, cursor, letters, attempts, exit status, the line in the log.
"""

import json

from harness import FACTS, equal, holds, main, until

RETRY = 'retry = {{ max_retries = 2, initial_delay = "1ms", max_delay = "5ms", then = "{}" }}'
STRATEGIES = {
    "fail_fast": 'strategy = "fail_fast"',
    "log_and_skip": 'strategy = "log_and_skip"',
    "dead_letter": 'strategy = "dead_letter"',
    "retry": 'strategy = "retry"\n' + RETRY.format("dead_letter"),
    "retry, then stop": 'strategy = "retry"\n' + RETRY.format("stop"),
    "retry, then skip": 'strategy = "retry"\n' + RETRY.format("skip"),
}

# What the second event does, with what the operator reads of it: outcome, stage, code.
FAILS = {
    "fails": ({"does": "fail"}, ("fail", "handle", "planned")),
    "fails after it wrote": ({"does": "fail", "writes": True}, ("fail", "handle", "planned")),
    "throws": ({"does": "throw"}, ("fail", "handle", "exception")),
    "reports an unknown outcome": ({"does": "unknown", "in": "handle", "until": 9, "writes": False},
                                   ("fail", "handle", "unspecified")),
    "breaks a constraint": ({"does": "constraint"}, ("fail", "handle", "constraint")),
    "fails in validate": ({"does": "fail", "in": "validate"}, ("fail", "validate", "planned")),
    "fails in flush": ({"does": "fail", "in": "flush"}, ("fail", "flush", "planned")),
    "is blamed in flush": ({"does": "fail", "in": "flush", "blames": True}, ("fail", "flush", "planned")),
}
TRANSIENT = {
    "is never ready": ({"does": "retry"}, ("retry", "handle", "planned")),
    "is never ready, after it wrote": ({"does": "retry", "writes": True}, ("retry", "handle", "planned")),
    "is never ready, and says when": ({"does": "retry", "after_ms": 4}, ("retry", "handle", "planned")),
    "is not ready twice": ({"does": "retry", "until": 2}, ("retry", "handle", "planned")),
    "is not ready once, in validate": ({"does": "retry", "until": 1, "in": "validate"},
                                       ("retry", "validate", "planned")),
}
FATAL = {
    "finds the environment broken": ({"does": "fatal"}, ("fatal", "handle", "planned")),
    "runs out of memory": ({"does": "bad_alloc"}, ("fatal", "handle", "out_of_memory")),
}

# The process ends: a failure like any other that is permanent.
DIES = {
    "aborts": ({"does": "die"}, ("fail", "handle", "crashed")),
    "aborts after it wrote": ({"does": "die", "writes": True}, ("fail", "handle", "crashed")),
    "exits": ({"does": "exit"}, ("fail", "handle", "crashed")),
    "overflows the stack": ({"does": "overflow"}, ("fail", "handle", "crashed")),
    "hangs": ({"does": "wait", "for": "/nowhere/gate"}, ("fail", "handle", "timed_out")),
    "aborts in validate": ({"does": "die", "in": "validate"}, ("fail", "validate", "crashed")),
    "aborts in flush": ({"does": "die", "in": "flush"}, ("fail", "flush", "crashed")),
}

# What each strategy makes of it: stop, skip, letter; behind it the attempts. "fine": handled at the last attempt.
OF_FAILS = {"fail_fast": ("stop", 1), "log_and_skip": ("skip", 1), "dead_letter": ("letter", 1),
            "retry": ("letter", 1), "retry, then stop": ("stop", 1), "retry, then skip": ("skip", 1)}
OF_NEVER_READY = dict(OF_FAILS) | {"retry": ("letter", 3), "retry, then stop": ("stop", 3), "retry, then skip": ("skip", 3)}
OF_TWICE = dict(OF_FAILS) | {name: ("fine", 3) for name in STRATEGIES if name.startswith("retry")}
OF_ONCE = dict(OF_FAILS) | {name: ("fine", 2) for name in STRATEGIES if name.startswith("retry")}
OF_FATAL = {name: ("stop", 1) for name in STRATEGIES}


# Under custom, what on_error decides, and what comes of it.
CUSTOM = 'strategy = "custom"\n' + RETRY.format("skip")
CUSTOM_ROWS = [("stop", ("stop", 1)), ("skip", ("skip", 1)), ("dead_letter", ("letter", 1)), ("default", ("skip", 1)),
               ("throw", ("skip", 1)), ("retry", ("skip", 3))]


def table():
    for name, (plan, why) in (FAILS | DIES).items():
        for strategy in STRATEGIES:
            yield name, plan, strategy, why, OF_FAILS[strategy]
    for name, (plan, why) in TRANSIENT.items():
        ends = OF_TWICE if "twice" in name else OF_ONCE if "once" in name else OF_NEVER_READY
        for strategy in STRATEGIES:
            yield name, plan, strategy, why, ends[strategy]
    for name, (plan, why) in FATAL.items():
        for strategy in STRATEGIES:
            yield name, plan, strategy, why, OF_FATAL[strategy]


def settings(plan, strategy):
    return strategy + ('\ntimeout = "1s"' if plan.get("does") == "wait" else "")


def another(aludel, name):
    directory = aludel.directory / name
    directory.mkdir()
    return type(aludel)(directory)


def configure(aludel, strategy, config=""):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\n{strategy}\nconfig = {{ {config} }}\n')


def seen(aludel):
    return [(row["id"], row["attempt"]) for row in aludel.json("query", "x", "select * from seen order by id")]


def check(aludel, plan, strategy, why, end):
    """Runs four events of which the second has the plan, and checks what is left."""
    configure(aludel, settings(plan, strategy))
    aludel.append_events(*({"type": "plan", "data": data} for data in ({}, plan, {}, {})))
    what, attempts = end
    outcome, stage, code = why
    log = aludel.drain(status=1 if what == "stop" else 0)
    x = aludel.processor()
    letters = aludel.json("dlq", "list")
    others = [(0, 1), (2, 1), (3, 1)]
    if what == "stop":
        equal(seen(aludel), [(0, 1)])
        equal((x["state"], x["cursor"], x["attempt"]), ("stopped", 0, attempts))
        equal((x["error"]["event_id"], x["error"]["outcome"], x["error"]["stage"], x["error"]["code"]),
              (1, outcome, stage, code))
        holds(log, "error x: stopped: event 1: ")
    else:
        equal(seen(aludel), sorted(others + ([(1, attempts)] if what == "fine" else [])))
        equal((x["state"], x["cursor"], x["lag"], x["error"]), ("offline", 3, 0, None))
        equal(x["handled"], 4 if what == "fine" else 3)
    equal(x["skipped"], 1 if what == "skip" else 0)
    equal(x["dead_letters"], 1 if what == "letter" else 0)
    if what == "letter":
        equal([(l["event_id"], l["type"], l["code"], l["attempts"], l["state"]) for l in letters],
              [(1, "plan", code, attempts, "dead")])
        shown = json.loads(aludel.run("dlq", "show", "x", letters[0]["id"]))
        equal((shown["outcome"], shown["stage"], shown["event"]["data"]), (outcome, stage, plan))
        holds(log, "; it becomes a dead letter")
    else:
        equal(letters, [])
    if what == "skip":
        holds(log, "; it is skipped")
    for attempt in range(1, attempts):
        holds(log, f"; attempt {attempt + 1} follows in ")


def test_every_failure_under_every_strategy(aludel):
    rows = list(table())
    assert len(rows) >= 100, len(rows)
    for n, (name, plan, strategy, why, end) in enumerate(rows):
        try:
            check(another(aludel, str(n)), plan, STRATEGIES[strategy], why, end)
        except AssertionError as failure:
            raise AssertionError(f"an event that {name}, under {strategy}: {failure}") from failure
    print(f"{len(rows)} rows")


def test_under_custom_the_handler_decides(aludel):
    for decides, end in CUSTOM_ROWS:
        plan = {"does": "fail", "decides": decides}
        check(another(aludel, decides), plan, CUSTOM, ("fail", "handle", "planned"), end)


def test_under_custom_the_handler_decides_on_an_event_that_it_died_at(aludel):
    for decides, end in [*CUSTOM_ROWS, ("die", ("skip", 1))]:
        plan = {"does": "die", "decides": decides}
        stage = "on_error" if decides == "die" else "handle"
        check(another(aludel, decides), plan, CUSTOM, ("fail", stage, "crashed"), end)


def test_an_event_may_kill_more_processes_than_an_idle_processor_could_lose(aludel):
    configure(aludel, 'strategy = "custom"\nretry = { max_retries = 9 }')
    aludel.append_events({"type": "plan", "data": {"does": "die", "decides": "retry", "until": 7}})
    aludel.drain()
    equal(seen(aludel), [(0, 8)])


def test_events_in_a_row_that_kill_their_process_become_letters(aludel):
    configure(aludel, 'strategy = "dead_letter"')
    aludel.append_events(*({"type": "plan", "data": {"does": "die"} if n % 4 else {}} for n in range(12)))
    log = aludel.drain()
    equal(seen(aludel), [(0, 1), (4, 1), (8, 1)])
    equal(aludel.processor()["dead_letters"], 9)
    equal(log.count("; it is started again at once"), 9)


def test_a_handler_without_an_opinion_is_refused_under_custom(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["ledger"]}"\nstrategy = "custom"\n')
    aludel.append("deposit")
    holds(aludel.drain(status=1), "has no on_error: use another strategy")


def test_the_strategy_may_differ_by_type_and_by_outcome(aludel):
    configure(aludel, 'strategy = "fail_fast"\non = { retry = "log_and_skip" }\n'
                      'type."pl*" = { on = { fail = "dead_letter" } }')
    plans = {"does": "fail"}, {"does": "retry"}, {}
    aludel.append_events(*({"type": "plan", "data": data} for data in plans))
    aludel.drain()
    x = aludel.processor()
    equal((x["handled"], x["skipped"], x["dead_letters"]), (1, 1, 1))


def test_a_wait_is_shown_with_its_end_and_blocks_neither_the_end_nor_others(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\nstrategy = "retry"\n'
                     'retry = { initial_delay = "1h", max_delay = "1h" }\n'
                     f'[processor.y]\nplugin = "{FACTS["tally"]}"\n')
    aludel.append_events({"type": "plan", "data": {"does": "retry"}}, {"type": "plan", "data": {}})
    with aludel.host() as host:
        x = aludel.wait_for_state("retrying")
        equal((x["cursor"], x["attempt"], x["error"]["code"]), (None, 1, "planned"))
        assert x["error"]["next_try"] > x["error"]["since"], x["error"]
        until(lambda: aludel.processor("y")["lag"] == 0, "the other to go on")
        holds(aludel.run("processor", "list"), "attempt 2 at ")
        status, _ = host.end()
        equal(status, 0)
    x = aludel.processor()
    equal((x["state"], x["attempt"]), ("offline", 1))
    with aludel.host():
        equal(aludel.wait_for_state("retrying")["attempt"], 1)


def test_a_wait_outlasts_another_reason_to_stand_still(aludel):
    def told():
        x = aludel.processor()
        return x["state"], x["attempt"], x["error"]["message"], x["error"]["next_try"]

    strategy = 'strategy = "retry"\nretry = { initial_delay = "1h", max_delay = "1h" }'
    configure(aludel, strategy)
    aludel.append_events({"type": "plan", "data": {"does": "retry"}})
    with aludel.host():
        aludel.wait_for_state("retrying")
        waits = told()
    configure(aludel, strategy, 'in = "create"')
    aludel.drain(status=1)
    equal(told(), ("refused", 0, "as planned in create", None))
    configure(aludel, strategy)
    with aludel.host():
        aludel.wait_for_state("retrying")
        equal(told(), waits)


def test_a_failed_migration_stops_under_every_strategy(aludel):
    for n, strategy in enumerate(STRATEGIES.values()):
        other = another(aludel, str(n))
        configure(other, strategy, 'in = "migrate"')
        other.append("plan")
        holds(other.drain(status=1), "x (stopped: planned: as planned in migrate)")
        equal(other.json("dlq", "list"), [])


if __name__ == "__main__":
    main(globals())
