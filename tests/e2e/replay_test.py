#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Dead letters that are replayed without an order."""

import json
import os
import signal

from harness import FACTS, equal, holds, main, until

SOON = 'initial_delay = "20ms", max_delay = "20ms", min_age = "1ms", check_interval = "1ms"'


def configure(aludel, replay, more=""):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\nstrategy = "dead_letter"\nreplay = {{ {replay} }}\n{more}\n')


def plans(aludel, *datas):
    aludel.append_events(*({"type": "plan", "data": data} for data in datas))


def seen(aludel):
    return [(row["id"], row["attempt"]) for row in aludel.json("query", "x", "select id, attempt from seen order by id")]


def letters(aludel):
    return [(l["event_id"], l["state"], l["attempts"], l["replays"]) for l in aludel.json("dlq", "list", "--all")]


def test_letters_are_replayed_until_they_are_handled_or_permanent(aludel):
    configure(aludel, f'strategy = "exponential", max_retries = 3, {SOON}')
    plans(aludel, {"does": "fail", "until": 2}, {"does": "retry"}, {}, {"does": "fail", "in": "flush", "until": 3})
    with aludel.host():
        until(lambda: letters(aludel) == [(0, "replayed", 2, 1), (1, "permanent", 4, 3), (3, "replayed", 3, 2)],
              f"the letters, not {letters(aludel)}")
        aludel.wait_for_state("waiting")
        x = aludel.processor()
        equal((x["handled"], x["dead_letters"], x["error"]), (3, 1, None))
        letter = json.loads(aludel.run("dlq", "show", "x", 2))
        equal((letter["replays"], letter["retries"], letter["next_replay_at"]), (3, 3, None))
        # Its operator may still order it.
        aludel.run("dlq", "replay", "x", "--id", 2, status=1)
        equal(letters(aludel)[1], (1, "permanent", 5, 4))
        equal(aludel.run("dlq", "discard", "x", "--id", 2), "discarded 1 dead letter\n")
    equal(seen(aludel), [(0, 3), (2, 1), (3, 4)])


def test_a_letter_tells_when_its_next_replay_is_due_and_a_drain_does_not_wait_for_it(aludel):
    configure(aludel, 'strategy = "fixed", initial_delay = "1h"')
    plans(aludel, {"does": "fail", "until": 1}, {})
    aludel.drain()
    equal(letters(aludel), [(0, "dead", 1, 0)])
    for letter in (*aludel.json("dlq", "list"), json.loads(aludel.run("dlq", "show", "x", 1))):
        hour = lambda at: int(at[11:13])
        equal((hour(letter["next_replay_at"]) - hour(letter["last_failed_at"])) % 24, 1)
        equal(letter["replays"], 0)


def test_letters_that_kill_their_process_fail_again_and_the_processor_goes_on(aludel):
    configure(aludel, f'strategy = "fixed", max_retries = 1, {SOON}')
    crashing = 7  # more than deaths without progress make a processor crashed
    plans(aludel, *[{"does": "crash"}] * crashing)
    with aludel.host() as host:
        until(lambda: [l[1] for l in letters(aludel)] == ["permanent"] * crashing, f"the letters, not {letters(aludel)}")
        plans(aludel, {})
        until(lambda: seen(aludel) == [(crashing, 1)], "the event behind them")
        equal(aludel.wait_for_state("waiting")["dead_letters"], crashing)
        equal([(l["code"], l["attempts"]) for l in aludel.json("dlq", "list")], [("crashed", 2)] * crashing)
        assert " crashed: died" not in host.log(), host.log()


def test_a_letter_whose_replay_hangs_is_killed_at_the_timeout_and_has_failed_again(aludel):
    configure(aludel, f'strategy = "fixed", max_retries = 1, {SOON}', 'timeout = "500ms"')
    plans(aludel, {"does": "wait", "letter": True, "for": str(aludel.directory / "never")}, {"does": "fail", "until": 1})
    with aludel.host() as host:
        until(lambda: letters(aludel) == [(0, "permanent", 2, 1), (1, "replayed", 1, 0)], f"the letters, not {letters(aludel)}")
        holds(host.log(), "a call took over 500ms and was killed in handle of event 0")
        letter = json.loads(aludel.run("dlq", "show", "x", 1))
        equal((letter["code"], letter["message"]), ("timed_out", "a call took over 500ms and was killed in handle"))
        aludel.wait_for_state("waiting")


def test_a_letter_that_is_being_replayed_when_its_host_is_killed_is_as_it_was_and_the_third_time_has_failed(aludel):
    gate = aludel.directory / "gate"
    configure(aludel, f'strategy = "fixed", max_retries = 2, {SOON}')
    plans(aludel, {"does": "wait", "letter": True, "for": str(gate)})
    for _ in range(3):
        with aludel.host() as host:
            until(lambda: aludel.in_flight() in [(child, 0, 2) for child in host.children()], "the replay")
            equal(letters(aludel), [(0, "dead", 1, 0)])
            host.end(signal.SIGKILL)
    gate.touch()
    with aludel.host() as host:
        until(lambda: letters(aludel) == [(0, "replayed", 2, 1)], f"the letters, not {letters(aludel)}")
        holds(host.log(), "interrupted 3 times in a row, at last ended with its host in handle")


def test_kills_at_random_strand_no_letter(aludel):
    configure(aludel, f'strategy = "fibonacci", max_retries = 30, {SOON}')
    count = 30
    plans(aludel, *[{"does": "fail", "until": 2, "writes": True}] * count)
    for _ in range(4):
        with aludel.host() as host:
            until(lambda: host.children(), "a child")
            for _ in range(2):
                killed = host.children()
                for child in killed:
                    try:
                        os.kill(child, signal.SIGKILL)
                    except ProcessLookupError:
                        pass  # it was on its way out by itself
                until(lambda: set(host.children()) - set(killed), "another child")
            host.end(signal.SIGKILL)
    with aludel.host():
        until(lambda: [l[1] for l in letters(aludel)] == ["replayed"] * count, f"the letters, not {letters(aludel)}")
        equal([row[0] for row in seen(aludel)], list(range(count)))
        equal(aludel.processor()["handled"], count)


if __name__ == "__main__":
    main(globals())
