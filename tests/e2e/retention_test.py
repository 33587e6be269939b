#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A log that is kept for a time or to a size, and a disk that is to stay free, end to end."""

import json
import signal
import subprocess

from harness import FACTS, LIMIT, equal, holds, main, until

LARGE = "x" * 3_000_000  # two of them fill a segment of the smallest size
LAST_TWO = 'segment_size = "8MiB"\nmax_bytes = "16MiB"'
AT_ONCE = 'segment_size = "8MiB"\nmax_age = "1ms"'


def configure(aludel, log, more=""):
    aludel.configure_unruly(f"{more}\n[log]\n{log}\n")


def append_large(aludel, count):
    aludel.append_events(*[{"type": "calm", "data": LARGE}] * count)


def first(aludel):
    return aludel.json("status")["log"]["first"]


def segments(aludel):
    return sorted(int(file.stem) for file in (aludel.directory / "log").glob("*.seg"))


def positions(text):
    return [json.loads(line)["position"] for line in text.splitlines()]


def test_a_log_is_kept_to_a_size_while_it_is_read_and_written(aludel):
    configure(aludel, LAST_TWO)
    aludel.append("calm")
    with aludel.host() as host:
        follower = subprocess.Popen(aludel.command("log", "--follow", "--limit", "20"), stdout=subprocess.PIPE, text=True)
        followed = [json.loads(follower.stdout.readline())["position"]]
        for count in range(2, 21):
            append_large(aludel, 1)
            followed.append(json.loads(follower.stdout.readline())["position"])
            until(lambda: aludel.processor()["cursor"] == count - 1, "the event to be handled")
        equal(follower.wait(timeout=LIMIT), 0)
        equal(followed, list(range(20)))
        begin = 15  # the last segments are [15, 16], [17, 18] and [19]
        until(lambda: segments(aludel) == [15, 17, 19], "the others to be dropped")
        aludel.wait_for_state("waiting")
        status = aludel.json("status")
        equal((status["log"]["events"], status["log"]["first"]), (20, begin))
        equal(status["unrouted"], {})
        x = status["processors"][0]
        equal((x["state"], x["cursor"], x["handled"], x["expired"]), ("waiting", 19, 20, 0))
        holds(aludel.run("status"), f"; kept from event {begin} on\n")
        equal(aludel.seen(), list(range(20)))
        equal(positions(aludel.run("log")), list(range(begin, 20)))
        _, error = aludel.run("log", "--from", 0, status=2)
        holds(error, f"it was dropped: the log begins with event {begin}")
        holds(aludel.run("verify"), f"verified {20 - begin} events")
        host.end(signal.SIGKILL)
    equal(first(aludel), begin)
    aludel.append("calm")
    with aludel.host():
        until(lambda: aludel.processor()["cursor"] == 20, "the event to be handled")
    equal(aludel.json("log", "--limit", 1)["position"], begin)


def test_of_one_that_has_passed_what_is_dropped_nothing_is_said_though_it_has_saved_less(aludel):
    configure(aludel, LAST_TWO, 'types = ["calm.rare"]')
    aludel.append("calm.rare")
    with aludel.host() as host:
        for count in range(2, 21):
            append_large(aludel, 1)
            until(lambda: aludel.processor()["cursor"] == count - 1, "the processor to have passed the event")
        until(lambda: segments(aludel) == [15, 17, 19], "the others to be dropped")
        aludel.append("calm.rare")
        until(lambda: aludel.processor()["handled"] == 2, "the event to be handled")
        equal(aludel.processor()["expired"], 0)
        assert " error " not in host.log(), host.log()


def test_a_processor_that_has_stopped_holds_the_log_up_until_it_goes_on(aludel):
    configure(aludel, AT_ONCE)
    aludel.append("calm", "unruly.fail")
    with aludel.host():
        aludel.wait_for_state("stopped")
        append_large(aludel, 8)
        assert len(segments(aludel)) > 3, segments(aludel)
        equal(first(aludel), 0)
        aludel.run("processor", "skip", "x")
        until(lambda: aludel.processor()["cursor"] == 9, "the events to be handled")
        append_large(aludel, 3)  # a segment is sealed: the log is looked after
        until(lambda: first(aludel) > 1, "what was handled to be dropped")
        equal(aludel.processor()["expired"], 0)


def expire(aludel, host):
    """x stopped at event 1, which the log has dropped since then: where that begins."""
    aludel.append("calm", "unruly.fail")
    aludel.wait_for_state("stopped")
    append_large(aludel, 9)
    until(lambda: segments(aludel) == [6, 8, 10], "the others to be dropped")
    x = until(lambda: (x := aludel.wait_for_state("expired")) and x["error"] and x, "the reason")
    holds(x["error"]["message"], "it will never handle events 1 to ")
    equal(x["error"]["code"], "dropped")
    # What is dropped in two steps is told with the first.
    until(lambda: "error x: expired: dropped: it will never handle events 1 to " in host.log(), "the reason to be logged")
    return 6


def test_a_log_over_its_size_leaves_a_processor_behind_which_says_so_until_it_is_told_to_go_on(aludel):
    configure(aludel, LAST_TWO)
    with aludel.host() as host:
        begin = expire(aludel, host)
        holds(aludel.run("status"), "\nx expired since ")
        holds(aludel.run("processor", "list"), "processor skip x")
        _, error = aludel.run("processor", "resume", "x", status=2)
        holds(error, "resume processor \"x\": it will never handle events 1 to ")
        equal(host.end()[0], 0)
    # Without a host as well, and what it has handled is no longer in the log.
    equal(aludel.processor()["state"], "expired")
    holds(aludel.run("verify"), ", 1 projection: good")
    log = aludel.drain(status=1)
    holds(log, "not caught up: x (expired: dropped: it will never handle events 1 to ")
    equal(aludel.run("processor", "skip", "x"),
          f"skipped in x: events 1 to {begin - 1} ({begin - 1}), which the log had dropped\n")
    aludel.drain()
    x = aludel.processor()
    equal((x["state"], x["cursor"], x["handled"], x["expired"], x["error"]), ("offline", 10, 12 - begin, begin - 1, None))
    equal(aludel.seen(), [0, *range(begin, 11)])
    holds(aludel.run("status"), f"\nx expired: {begin - 1} events dropped from the log before it came to them\n")


def test_commands_on_one_that_is_expired(aludel):
    configure(aludel, LAST_TWO)
    with aludel.host() as host:
        begin = expire(aludel, host)
        aludel.run("processor", "pause", "x")
        aludel.wait_for_state("expired")
        equal(aludel.run("dlq", "replay", "x", "--all"), "replayed 0 dead letters; no open dead letter is meant\n")
        aludel.wait_for_state("expired")
        holds(aludel.run("processor", "reset", "x"),
              f"reset x: it begins with event {begin}: the log has dropped events 0 to {begin - 1} ({begin})")
        x = aludel.wait_for_state("paused")
        equal((x["expired"], x["error"]), (begin, None))
        aludel.run("processor", "resume", "x")
        until(lambda: aludel.processor()["cursor"] == 10, "the events to be handled")
        equal(aludel.seen(), list(range(begin, 11)))


def test_a_new_processor_begins_with_what_is_kept(aludel):
    configure(aludel, LAST_TWO)
    aludel.append("calm")
    append_large(aludel, 8)
    aludel.configure("[log]\n" + LAST_TWO)
    with aludel.host():
        until(lambda: first(aludel) > 0, "the log to be dropped")
    begin = first(aludel)
    configure(aludel, LAST_TWO)
    aludel.drain()
    equal(aludel.seen(), list(range(begin, 9)))


def test_one_that_the_config_does_not_name_holds_nothing_up(aludel):
    configure(aludel, AT_ONCE)
    aludel.append("calm", "unruly.fail")
    aludel.drain(status=1)
    append_large(aludel, 8)
    # Where the config names none, one that has been there may come again.
    aludel.configure("[log]\n" + AT_ONCE)
    with aludel.host():
        append_large(aludel, 4)
        equal(first(aludel), 0)
    aludel.configure(f'[log]\n{AT_ONCE}\n[processor.y]\nplugin = "{FACTS["tally"]}"\nstart = "tip"\n')
    with aludel.host():
        until(lambda: first(aludel) > 1, "the log to be dropped")
        equal(aludel.processor()["state"], "unconfigured")


def test_where_too_little_is_free_nothing_is_appended_and_processors_go_on(aludel):
    aludel.configure_unruly()
    aludel.append("calm", "calm")
    configure(aludel, 'min_free = "1024TiB"')
    _, error = aludel.run("append", "--type", "calm", status=3)
    holds(error, "MiB free, of which min_free in [log] keeps 1024TiB: nothing was added: free some space, then append again")
    with aludel.host():
        aludel.wait_for_state("waiting")
        equal(aludel.seen(), [0, 1])
        status, answer = aludel.request("POST", "/v1/events", '{"type":"calm"}', Content_Type="application/cloudevents+json")
        equal((status, answer["error"]["code"]), (507, "disk_full"))
        _, error = aludel.run("append", "--type", "calm", status=3)
        holds(error, "keeps 1024TiB: nothing was added")
        equal(aludel.json("status")["log"]["disk_full"], True)
        holds(aludel.run("status"), "; it takes no events: ")
    equal(aludel.json("status")["log"]["events"], 2)
    configure(aludel, 'min_free = "0B"')
    aludel.append("calm")
    equal(aludel.json("status")["log"]["disk_full"], False)


if __name__ == "__main__":
    main(globals())
