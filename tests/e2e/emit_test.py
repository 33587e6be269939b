#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Events that handlers emit: they come into the log once, in whatever process the handler runs, or wait for it."""

import json
import os
import resource
import signal

from harness import FACTS, equal, holds, main, until


def link(n, more="", config=""):
    return (f'[processor.link{n}]\nplugin = "{FACTS["chain"]}"\ntypes = ["link.{n - 1}"]\n{more}\n'
            f'config = {{ emits = "link.{n}"{config} }}\n')


def logged(aludel, event_type):
    return [json.loads(line) for line in aludel.run("log", "--type", event_type).splitlines()]


def caused(aludel, event_type):
    """(position of the cause, depth, data) of each event of this type."""
    return [(int(e["aludelcause"]), int(e["aludeldepth"]), e["data"]) for e in logged(aludel, event_type)]


def append(aludel, *datas):
    aludel.append_events(*({"type": "link.0", "data": data} for data in datas))


def test_a_drain_waits_for_what_is_emitted_and_for_who_handles_that(aludel):
    aludel.configure(link(1) + link(2, config=', in = "flush"') + link(3, 'isolation = "thread"'))
    append(aludel, *({"n": n} for n in range(300)))
    aludel.drain()
    for n in range(4):
        equal([event["data"]["n"] for event in logged(aludel, f"link.{n}")], list(range(300)))
    for n in range(1, 4):
        before = logged(aludel, f"link.{n - 1}")
        equal(caused(aludel, f"link.{n}"), [(event["position"], n, event["data"]) for event in before])
        equal({event["source"] for event in logged(aludel, f"link.{n}")}, {f"/processors/link{n}"})
        p = aludel.processor(f"link{n}")
        equal((p["state"], p["lag"], p["handled"], p["emits_pending"]), ("offline", 0, 300, 0))


def test_a_reset_emits_nothing_again(aludel):
    aludel.configure(link(1))
    append(aludel, {"n": 0}, {"n": 1})
    aludel.drain()
    aludel.run("processor", "reset", "link1")
    append(aludel, {"n": 2})
    aludel.drain()
    equal(caused(aludel, "link.1"), [(0, 1, {"n": 0}), (1, 1, {"n": 1}), (4, 1, {"n": 2})])
    equal(aludel.processor("link1")["handled"], 3)


def test_without_a_host_what_a_replay_emits_waits_for_one(aludel):
    aludel.configure(link(1, 'strategy = "dead_letter"'))
    append(aludel, {"n": 0, "fails": True})
    aludel.drain()
    aludel.run("dlq", "replay", "link1", "--all", "--dry-run")
    equal(aludel.processor("link1")["emits_pending"], 0)
    aludel.run("dlq", "replay", "link1", "--all")
    equal(aludel.processor("link1")["emits_pending"], 1)
    holds(aludel.run("status"), "\nlink1 emits pending: 1\n")
    equal(caused(aludel, "link.1"), [])
    aludel.drain()
    equal(caused(aludel, "link.1"), [(0, 1, {"n": 0, "fails": True})])
    assert "emits pending" not in aludel.run("status")


def test_a_processor_is_not_removed_while_the_log_lacks_what_it_emitted(aludel):
    aludel.configure(link(1, 'strategy = "dead_letter"'))
    append(aludel, {"n": 0, "fails": True})
    aludel.drain()
    aludel.run("dlq", "replay", "link1", "--all")
    aludel.configure("")
    for more in ([], ["--with-letters"]):
        _, err = aludel.run("processor", "remove", "link1", *more, status=2)
        holds(err, 'remove processor "link1": it has 1 emitted event still to be relayed to the log: configure it again '
                   "and let a host run it, or give them up by deleting ")
    aludel.configure(link(1, 'strategy = "dead_letter"'))
    aludel.drain()
    aludel.configure("")
    equal(aludel.run("processor", "remove", "link1"), "removed link1\n")


def test_a_host_that_cannot_append_says_so_and_heeds_commands_meanwhile(aludel):
    aludel.configure(link(1, 'strategy = "dead_letter"'))
    append(aludel, {"n": 0, "fails": True}, {"n": 1})
    with aludel.host() as host:
        until(lambda: aludel.processor("link1")["dead_letters"] == 1, "the letter")
        until(lambda: len(logged(aludel, "link.1")) == 1, "what the other event emitted")
        # From here on no file of the host's grows; its child's still do.
        _, hard = resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        aludel.run("dlq", "replay", "link1", "--all")
        p = until(lambda: (p := aludel.processor("link1")) and p["state"] == "retrying" and p, "the failure to be told")
        equal((p["error"]["stage"], p["error"]["event_id"], p["emits_pending"]), ("relay", None, 1))
        holds(p["error"]["message"], "relay emitted event 1: ")
        assert p["error"]["next_try"] > p["error"]["since"], p["error"]
        aludel.run("processor", "pause", "link1")
        equal(aludel.processor("link1")["emits_pending"], 1)
        holds(aludel.run("processor", "list").splitlines()[1], f", then aludel --data {aludel.directory} processor resume link1 ")
        resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        aludel.wait_for_state("paused", "link1")
        equal(caused(aludel, "link.1"), [(1, 1, {"n": 1}), (0, 1, {"n": 0, "fails": True})])
        equal(aludel.processor("link1")["emits_pending"], 0)


def test_a_host_that_cannot_append_ends_when_it_is_told_to(aludel):
    aludel.configure(link(1, 'strategy = "dead_letter"'))
    append(aludel, {"n": 0, "fails": True})
    with aludel.host() as host:
        until(lambda: aludel.processor("link1")["lag"] == 0, "the letter")
        resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        aludel.run("dlq", "replay", "link1", "--all")
        aludel.wait_for_state("retrying", "link1")
        status, log = host.end()
        equal(status, 0)
        assert "it is killed" not in log, log
    aludel.drain()
    equal(caused(aludel, "link.1"), [(0, 1, {"n": 0, "fails": True})])


def test_an_event_that_closes_the_way_of_emitted_events_has_failed_and_no_other_loses_any(aludel):
    aludel.configure(link(1, 'strategy = "dead_letter"'))
    append(aludel, {"n": 0}, {"n": 1, "closes": True}, {"n": 2})
    holds(aludel.drain(), "exited with status 1 in flush of event 1; it wrote last: descriptor 4, the connection to the host, was closed")
    equal([data["n"] for _, _, data in caused(aludel, "link.1")], [0, 2])


def test_a_killed_child_leaves_its_events_to_the_next_one(aludel):
    aludel.configure(link(1))
    with aludel.host() as host:
        for n in range(10):
            append(aludel, {"n": n})
            until(lambda: host.children(), "a child")
            os.kill(host.children()[0], signal.SIGKILL)
            # A fifth death without progress would end it.
            until(lambda: len(logged(aludel, "link.1")) == n + 1, "the emitted event")
    aludel.drain()
    equal([data["n"] for _, _, data in caused(aludel, "link.1")], list(range(10)))


if __name__ == "__main__":
    main(globals())
