#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A processor whose every event fails while what it needs is down, and one that meets a poison event."""

import signal

from harness import equal, holds, main, until
from planned import LETTERS, command, configure, seen


def needs(aludel, count):
    """Events of different keys that fail as long as the file `up` is not there."""
    need = {"does": "need", "for": str(aludel.directory / "up"), "writes": True}
    aludel.append_events(*({"type": "plan", "subject": f"key-{n}", "data": need} for n in range(count)))


def breaker(open_time):
    return f'breaker = {{ failures = 3, within = "60s", open = "{open_time}", successes = 2 }}'


def rises(aludel):
    (aludel.directory / "up").touch()


def test_an_outage_opens_the_breaker_writes_no_letter_and_is_overcome_without_anybody(aludel):
    configure(aludel, LETTERS, breaker("200ms"))
    needs(aludel, 10)
    with aludel.host() as host:
        x = aludel.wait_for_state("tripped")
        equal((x["cursor"], x["dead_letters"], x["error"]["event_id"], x["error"]["code"]), (None, 0, 0, "down"))
        # It is half open after a while, and opens again.
        until(lambda: host.log().count("so much has failed that the breaker is open") > 2, "it to open again")
        equal(aludel.json("dlq", "list"), [])
        assert "becomes a dead letter" not in host.log(), host.log()
        rises(aludel)
        until(lambda: aludel.processor()["cursor"] == 9, "everything to be handled")
        holds(host.log(), "info x: the breaker is closed again\n")
    equal(aludel.json("dlq", "list"), [])
    x = aludel.processor()
    equal((x["handled"], x["error"]), (10, None))


def test_status_says_when_an_open_breaker_tries_again_and_a_resume_closes_it(aludel):
    configure(aludel, LETTERS, breaker("1h"))
    needs(aludel, 5)
    with aludel.host() as host:
        x = aludel.wait_for_state("tripped")
        told = aludel.run("status")
        holds(told, "x tripped at event 0 since ")
        holds(told, f"attempt 2 at {x['error']['next_try']}, or with `aludel ")
        holds(told, "processor resume x`\n")
        holds(aludel.run("processor", "list"), f"attempt 2 at {x['error']['next_try']}")
        # It stays so over a restart.
        host.end(signal.SIGTERM)
    equal(aludel.processor()["state"], "offline")
    with aludel.host() as host:
        equal(aludel.wait_for_state("tripped")["error"]["next_try"], x["error"]["next_try"])
        rises(aludel)
        command(aludel, "resume", "x")
        until(lambda: aludel.processor()["cursor"] == 4, "everything to be handled")
        holds(host.log(), "info x: the breaker is closed, by a command\n")
    equal(aludel.json("dlq", "list"), [])


def test_one_poison_event_opens_nothing(aludel):
    configure(aludel, LETTERS, breaker("1h"))
    aludel.append_events(*({"type": "plan", "data": {"does": "fail"} if n == 3 else {}} for n in range(10)))
    aludel.drain()
    equal(seen(aludel), [0, 1, 2, 4, 5, 6, 7, 8, 9])
    letter, = aludel.json("dlq", "list")
    equal((letter["event_id"], letter["code"]), (3, "planned"))


def test_events_in_a_row_that_the_process_dies_at_become_letters_under_a_breaker(aludel):
    configure(aludel, LETTERS, breaker("1h"))
    dies = {"does": "die"}
    aludel.append_events(*({"type": "plan", "subject": f"key-{n}", "data": dies if n in (1, 2, 3) else {}} for n in range(5)))
    aludel.drain()
    equal(seen(aludel), [0, 4])
    equal([letter["event_id"] for letter in aludel.json("dlq", "list")], [1, 2, 3])


main(globals())
