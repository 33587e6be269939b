#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugins that crash, hang or talk, and what the host makes of it."""

import os
import signal

from harness import FACTS, equal, holds, main, until

# A sanitizer would make an abort of the fault signals that plugins raise here on purpose.
for options in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
    os.environ[options] = f"{os.environ.get(options, '')}:handle_segv=0"


def test_a_child_that_was_killed_is_started_again(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    with aludel.host() as host:
        aludel.wait_for_state("waiting")
        first = host.children()
        os.kill(first[0], signal.SIGKILL)
        second = until(lambda: (c := host.children()) and c != first and c, "another child")
        aludel.append("calm")
        until(lambda: aludel.processor()["cursor"] == 1, "the event to be handled")
        holds(host.log(), "x: killed by signal 9 (Killed)")
        equal(host.children(), second)
    equal(aludel.seen(), [0, 1])


def test_a_crash_is_survived_and_its_event_named(aludel):
    once = aludel.directory / "once"
    aludel.configure_unruly(config=f'once = "{once}"')
    aludel.append("calm", "unruly.crash", "calm")
    log = aludel.drain()
    holds(log, "x: killed by signal 11 (Segmentation fault) in handle of event 1")
    equal(aludel.seen(), [0, 1, 2])


def test_one_that_keeps_crashing_is_given_up_with_the_reason(aludel):
    aludel.configure_unruly("[processor.y]\nplugin = \"%s\"" % FACTS["tally"])
    aludel.append("calm", "unruly.output")
    log = aludel.drain(status=1)
    equal(log.count("it is started again in"), 4)
    holds(log, "not caught up: x (crashed: event 1: died 5 times without progress")
    x = aludel.processor()
    equal((x["state"], x["cursor"], x["error"]["event_id"], x["error"]["code"]), ("crashed", None, 1, "crashed"))
    holds(x["error"]["message"], "killed by signal 6 (Aborted) in handle of event 1; it wrote last: to stderr, without its end")
    equal(aludel.processor("y")["lag"], 0)
    # It stays so until the next run, which tries again.
    aludel.configure_unruly(config=f'once = "{aludel.directory}"')
    aludel.drain()
    equal((aludel.processor()["state"], aludel.processor()["error"]), ("offline", None))


def test_deaths_with_progress_between_them_are_not_added_up(aludel):
    aludel.configure_unruly("batch_size = 1")
    with aludel.host() as host:
        for n in range(7):
            aludel.append("calm")
            until(lambda: aludel.processor()["cursor"] == n, "progress")
            child = until(host.children, "a child")[0]
            os.kill(child, signal.SIGKILL)
            until(lambda: host.log().count("killed by signal 9") == n + 1, "the death to be noticed")
        aludel.append("calm")
        until(lambda: aludel.processor()["cursor"] == 7, "the last event")


def test_a_plugin_that_exits_the_process_is_a_crash_too(aludel):
    aludel.configure_unruly(config=f'once = "{aludel.directory / "once"}"')
    aludel.append("unruly.exit")
    holds(aludel.drain(), "x: exited with status 3 in handle of event 0")
    equal(aludel.seen(), [0])


def test_a_call_that_hangs_is_ended_by_its_timeout(aludel):
    aludel.configure_unruly('timeout = "200ms"', config=f'once = "{aludel.directory / "once"}"')
    aludel.append("calm", "unruly.hang", "calm")
    log = aludel.drain()
    holds(log, "x: a call took over 200ms and was killed in handle of event 1")
    equal(aludel.seen(), [0, 1, 2])


def test_what_a_child_writes_is_in_the_hosts_log_under_its_name(aludel):
    aludel.configure_unruly()
    aludel.append("calm.print")
    log = aludel.drain()
    for line in "info x: printed 1", "warning x: complained", "warning x: logged":
        holds(log, line + "\n")
    holds(aludel.drain("--log-format", "json"), '"level":"info","message":"serving ')
    equal(aludel.drain("--log-level", "error"), "")


def test_a_fatal_outcome_stops_the_processor(aludel):
    aludel.configure_unruly()
    aludel.append("calm", "unruly.fatal", "calm")
    aludel.drain(status=1)
    x = aludel.processor()
    equal((x["state"], x["cursor"], x["error"]["outcome"], x["error"]["code"]), ("stopped", 0, "fatal", "as_told"))
    equal(aludel.seen(), [0])


def test_a_new_processor_that_is_refused_leaves_no_directory(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["ledger"]}"\nconfig = {{ no_such_key = 1 }}\n')
    aludel.append("deposit")
    log = aludel.drain(status=1)
    holds(log, "x (refused")
    assert not (aludel.directory / "processors" / "x").exists()


def test_a_plugin_that_cannot_be_loaded_is_refused_and_the_others_run(aludel):
    bad = aludel.directory / "bad.so"
    bad.write_text("no library")
    aludel.configure(f'[processor.bad]\nplugin = "{bad}"\n[processor.x]\nplugin = "{FACTS["unruly"]}"\n')
    aludel.append("calm")
    log = aludel.drain(status=1)
    holds(log, "not caught up: bad (refused")
    equal(aludel.seen(), [0])


def test_a_projection_of_another_handler_is_refused_and_kept(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["tally"]}"\n')
    holds(aludel.drain(status=1), "x (refused")
    equal(aludel.seen(), [0])


def test_a_projection_of_another_log_is_diverged(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    for file in (aludel.directory / "log").iterdir():
        file.unlink()
    aludel.append("calm")
    aludel.drain(status=1)
    equal(aludel.processor()["state"], "diverged")
    equal(aludel.seen(), [0])


if __name__ == "__main__":
    main(globals())
