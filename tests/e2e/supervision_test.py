#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugins that crash, hang or talk, and what the host makes of it."""

import fcntl
import os
import signal
import sqlite3
import struct
import threading

from harness import FACTS, equal, holds, main, until

# A sanitizer would make an abort of the fault signals that plugins raise here on purpose. In a process that exits by
# itself it would look for leaks, and fail: that takes ptrace, which the sandbox denies.
for options in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
    os.environ[options] = f"{os.environ.get(options, '')}:handle_segv=0:detect_leaks=0"


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


def stops_once_at(aludel, event_id, code, why):
    """Under fail_fast: the processor stands before the event that its process died at, until the next start."""
    log = aludel.drain(status=1)
    holds(log, f"x: {why} in handle of event {event_id}; ")
    holds(log, f"not caught up: x (stopped: event {event_id}: {code}: ")
    x = aludel.processor()
    equal((x["state"], x["attempt"]), ("stopped", 1))
    equal({k: x["error"][k] for k in ("event_id", "outcome", "stage", "code")},
          {"event_id": event_id, "outcome": "fail", "stage": "handle", "code": code})
    equal(aludel.seen(), list(range(event_id)))
    aludel.drain()


def test_a_crash_is_survived_and_its_event_named(aludel):
    aludel.configure_unruly(config=f'once = "{aludel.directory / "processors/x/once"}"')
    aludel.append("calm", "unruly.crash", "calm")
    stops_once_at(aludel, 1, "crashed", "killed by signal 11 (Segmentation fault)")
    equal(aludel.seen(), [0, 1, 2])


def test_one_that_keeps_crashing_at_no_event_is_given_up_with_the_reason(aludel):
    aludel.configure_unruly("[processor.y]\nplugin = \"%s\"" % FACTS["tally"], config='die_in = "start"')
    aludel.append("calm")
    log = aludel.drain(status=1)
    equal(log.count("it is started again in"), 4)
    holds(log, "not caught up: x (crashed: died 5 times without progress")
    x = aludel.processor()
    equal((x["state"], x["cursor"], x["error"]["event_id"], x["error"]["code"]), ("crashed", None, None, "crashed"))
    holds(x["error"]["message"], "killed by signal 6 (Aborted) in start; it wrote last: to stderr, without its end")
    equal(aludel.processor("y")["lag"], 0)
    # It stays so, whatever it is commanded but to go on, until the next run, which tries again.
    refused = "it crashed at no event that a skip could pass: a new version of the handler or another `timeout` helps\n"
    holds(aludel.run("processor", "skip", "x", status=2)[1], refused)
    aludel.run("processor", "pause", "x")
    equal(aludel.processor()["state"], "paused")
    holds(aludel.run("processor", "skip", "x", status=2)[1], refused)
    equal((aludel.processor()["state"], aludel.processor()["error"]["code"]), ("paused", "crashed"))
    aludel.run("processor", "resume", "x")
    equal((aludel.processor()["state"], aludel.processor()["error"]), ("offline", None))
    aludel.configure_unruly()
    aludel.drain()
    equal((aludel.processor()["state"], aludel.processor()["error"]), ("offline", None))
    equal(aludel.seen(), [0])


def test_a_crashed_one_is_started_again_by_a_resume_and_by_no_other_command(aludel):
    aludel.configure_unruly(config='die_in = "start"')
    aludel.append("calm")
    with aludel.host() as host:
        aludel.wait_for_state("crashed")
        holds(host.log(), "; `processor resume x` or the next start of the host tries again\n")
        holds(aludel.run("processor", "skip", "x", status=2)[1], "it crashed at no event")
        aludel.run("processor", "pause", "x")
        aludel.wait_for_state("paused")
        aludel.run("processor", "resume", "x")
        aludel.wait_for_state("crashed")
        equal(host.log().count("it is started again in"), 8)


def test_an_event_that_the_process_dies_at_is_skipped_like_any_other_that_failed(aludel):
    aludel.configure_unruly()
    aludel.append("calm", "unruly.crash", "calm")
    with aludel.host() as host:
        aludel.wait_for_state("stopped")
        equal(host.log().count("it is started again at once"), 1)
        aludel.run("processor", "resume", "x")
        until(lambda: host.log().count("it is started again at once") == 2, "another death")
        aludel.wait_for_state("stopped")
        equal(aludel.run("processor", "skip", "x"), "skipped in x: event 1\n")
        until(lambda: aludel.processor()["cursor"] == 2, "the event behind it")
    equal(aludel.seen(), [0, 2])


def test_a_thread_takes_its_host_along_whose_third_start_in_a_row_knows_the_event(aludel):
    aludel.configure_unruly('isolation = "thread"\nstrategy = "dead_letter"')
    aludel.append("calm", "unruly.crash", "calm")
    for _ in range(3):
        aludel.drain(status=-signal.SIGSEGV)
    aludel.drain()
    equal(aludel.seen(), [0, 2])
    letter, = aludel.json("dlq", "list")
    equal((letter["event_id"], letter["code"], letter["attempts"]), (1, "interrupted", 1))


def test_a_call_that_hangs_in_a_thread_is_named_by_the_host_that_ends_with_it(aludel):
    aludel.configure_unruly('isolation = "thread"\ntimeout = "1s"')
    aludel.append("calm", "unruly.hang")
    holds(aludel.drain(status=1), "error x: in handle of event 1: a thread cannot be killed, so the host ends with it\n")


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
    aludel.configure_unruly(config=f'once = "{aludel.directory / "processors/x/once"}"')
    aludel.append("unruly.exit")
    stops_once_at(aludel, 0, "crashed", "exited with status 3")
    equal(aludel.seen(), [0])


def test_a_call_that_hangs_is_ended_by_its_timeout(aludel):
    aludel.configure_unruly('timeout = "200ms"', config=f'once = "{aludel.directory / "processors/x/once"}"')
    aludel.append("calm", "unruly.hang", "calm")
    stops_once_at(aludel, 1, "timed_out", "a call took over 200ms and was killed")
    equal(aludel.seen(), [0, 1, 2])


def test_what_a_child_writes_is_in_the_hosts_log_under_its_name(aludel):
    aludel.configure_unruly()
    aludel.append("calm.print")
    log = aludel.drain()
    for line in "info x| printed 1", "warning x| complained", "warning x| logged":
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
    for folder in "processors", "host":
        assert not (aludel.directory / folder / "x").exists()


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


def test_a_power_loss_under_normal_sync_leaves_a_log_that_opens_and_processors_that_say_what_was_lost(aludel):
    def configure(sync, *names):
        aludel.configure(f'[log]\nsync = "{sync}"\n' + "".join(
            f'[processor.{name}]\nplugin = "{FACTS["unruly"]}"\n' for name in names))

    configure("normal", "x")
    aludel.append("calm")
    segment = next(aludel.directory.glob("log/*.seg"))
    whole = segment.read_bytes()
    aludel.append("calm", "calm")
    aludel.drain()
    segment.write_bytes(whole)
    (aludel.directory / "log" / "tip").unlink()  # as if the machine had been started anew
    configure("full", "x")
    _, error = aludel.run("append", "--type", "calm", status=3)
    holds(error, "processor x knows its events to below 3")

    configure("normal", "x", "y")
    log = aludel.drain(status=1)
    holds(log, "the log ends before event 1, but processor x knows its events to below 3")
    holds(log, "not caught up: x (diverged")
    holds(aludel.processor("x")["error"]["message"], "a power loss took its end")
    equal((aludel.processor("y")["state"], aludel.processor("y")["cursor"]), ("offline", 0))
    equal(aludel.seen(), [0, 1, 2])
    # What is known to be of another history keeps nobody from the log any more.
    configure("full", "x", "y")
    equal(aludel.append("calm")["first"], 1)
    holds(aludel.drain(status=1), "not caught up: x (diverged")
    equal(aludel.processor("y")["cursor"], 1)
    aludel.run("processor", "reset", "x")
    aludel.drain()
    equal(aludel.seen(), [0, 1])


def test_a_cursor_beyond_the_log_keeps_it_closed_until_its_processor_is_reset(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    # As a plugin may, which can write to its projection's file.
    projection = sqlite3.connect((aludel.directory / "processors" / "x" / "projection.db").resolve())
    with projection:
        projection.execute("update _aludel_cursor set next = 1000000")
    projection.close()
    _, error = aludel.run("append", "--type", "calm", status=3)
    holds(error, "processor x knows its events to below 1000000")
    holds(error, "or it is processor x that is wrong, reset it (`aludel processor reset`)")
    equal(aludel.run("processor", "reset", "x"), "reset x\n")
    equal(aludel.append("calm")["first"], 1)
    aludel.drain()
    equal(aludel.seen(), [0, 1])


def test_a_log_that_is_cut_under_a_handler_stops_its_processor_and_ends_no_process(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["planned"]}"\nstrategy = "dead_letter"\n')
    gate = aludel.directory / "gate"
    plans = {"does": "wait", "for": str(gate)}, {"does": "handled", "more": "x" * 50_000}
    aludel.append_events(*({"type": "plan", "data": plan} for plan in plans))
    segment = aludel.directory / "log" / f"{0:020}.seg"
    with aludel.host() as host:
        until(aludel.in_flight, "the first event to be handled")
        content = segment.read_bytes()
        os.truncate(segment, 8192)  # the second event is in the same block, which has been checked
        gate.touch()
        until(lambda: f"{segment} at offset" in host.log(), "the log to be found cut")
        with open(segment, "r+b") as file:
            file.write(content)
        x = aludel.wait_for_state("stopped")
        equal((x["cursor"], x["dead_letters"], x["error"]["code"]), (None, 0, "corrupt"))
        aludel.run("processor", "resume", "x")
        until(lambda: aludel.processor()["cursor"] == 1, "both events to be handled")
        status, log = host.end()
    equal(status, 0)
    equal(log.count(" error "), 1)
    equal(aludel.json("dlq", "list", "--all"), [])


def test_a_copy_of_a_plugin_that_was_replaced_by_garbage_is_refused_and_its_rows_are_kept(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    with aludel.host() as host:
        until(lambda: aludel.processor()["cursor"] == 0, "the event to be handled")
        garbage = aludel.directory / "garbage"
        garbage.write_text("no library")
        garbage.rename(aludel.directory / "host/x/plugin-1.so")
        os.kill(host.children()[0], signal.SIGKILL)
        aludel.wait_for_state("refused")
        equal(aludel.seen(), [0])
    equal(aludel.processor()["error"]["code"], "not_a_library")
    aludel.append("calm")
    aludel.drain()
    equal(aludel.seen(), [0, 1])


def held(aludel):
    """The processor's folder, held by this process until what is returned is closed."""
    lock = open(aludel.directory / "processors/x/lock", "r+b")
    # The host's locks belong to the open file, as flock's do not.
    fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    lock.write(f"{os.getpid():<11}\n".encode())
    lock.flush()
    return lock


def test_a_processor_whose_folder_another_process_holds_waits_for_it(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    aludel.append("calm")
    by = f"lock {aludel.directory}/processors/x/lock: process {os.getpid()} holds it"
    with held(aludel), aludel.host() as host:
        x = aludel.wait_for_state("retrying")
        equal(x["error"]["code"], "locked")
        holds(x["error"]["message"], by)
        holds(aludel.run("status"), f"locked: {by}")
        _, error = aludel.run("processor", "resume", "x", status=1)
        holds(error, f'processor "x" is retrying: {by}: stop that first, or go through it; command 1 is kept')
        until(lambda: "; it is tried again in 100ms" in host.log(), "its process to have ended")
        equal(aludel.seen(), [0])
        equal(host.end()[0], 0)
    equal((aludel.processor()["state"], aludel.processor()["error"]), ("offline", None))
    assert not (aludel.directory / "host/x/host.json").exists()
    with held(aludel) as lock, aludel.host() as host:
        aludel.wait_for_state("retrying")
        lock.close()
        aludel.wait_for_state("waiting")
    equal(aludel.seen(), [0, 1])


def test_a_drain_waits_for_a_folder_that_is_held_no_longer_than_a_stop_takes(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    aludel.append("calm")
    with held(aludel):
        holds(aludel.drain(status=1), "not caught up: x (retrying: locked: lock ")
        holds(aludel.drain("--timeout", "100ms", status=1), "not caught up: x (")
        _, error = aludel.run("processor", "pause", "x", status=1)
        holds(error, "did not apply it: it is stopped: locked: lock ")
    equal((aludel.processor()["state"], aludel.processor()["error"]), ("offline", None))
    aludel.run("processor", "resume", "x")
    aludel.drain()
    equal(aludel.seen(), [0, 1])


def test_a_processor_whose_time_to_begin_has_not_come_waits_for_it(aludel):
    def configure(start):
        aludel.configure_unruly(f'start = "{start}"\n[processor.y]\nplugin = "{FACTS["tally"]}"')

    configure("2200-01-01T00:00:00Z")
    aludel.append("calm")
    log = aludel.drain(status=1)
    holds(log, 'not caught up: x (retrying: not_yet: begin at start = "2200-01-01T00:00:00Z": that time has not come')
    equal(aludel.processor("y")["lag"], 0)
    holds(aludel.run("verify"), "1 projection: good\n")
    with aludel.host():
        x = aludel.wait_for_state("retrying")
        equal((x["cursor"], x["error"]["next_try"]), (None, "2200-01-01T00:00:00Z"))
        holds(aludel.run("processor", "list"), "its next start at 2200-01-01T00:00:00Z")
        _, error = aludel.run("processor", "pause", "x", status=1)
        holds(error, 'processor "x" is retrying: begin at start = ')
    # Nothing of it was kept.
    configure("1993-01-01T00:00:00Z")
    aludel.drain()
    equal(aludel.seen(), [0])


def test_one_that_writes_without_an_end_is_killed_in_time_and_holds_up_no_other(aludel):
    aludel.configure_unruly('timeout = "1s"\nstrategy = "log_and_skip"\n[processor.y]\nplugin = "%s"' % FACTS["tally"],
                            config=f'once = "{aludel.directory / "processors/x/once"}"')
    aludel.append("unruly.chatter")
    with aludel.host() as host:
        until(lambda: host.log().count("info x| ") > 900, "the chatter")
        aludel.append("calm")
        until(lambda: aludel.processor("y")["cursor"] == 1, "the other processor to go on")
        until(lambda: "x: a call took over 1s and was killed in handle of event 0" in host.log(), "the timeout")
        until(lambda: aludel.processor("x")["cursor"] == 1, "the processor to go on")
        host.end()
        log = host.log()
        holds(log, " lines were dropped")
        assert log.count("\n") < 30_000, "the chatter filled the log"


def test_a_constructor_that_hangs_in_the_child_only_is_killed_and_tried_again(aludel):
    aludel.configure_unruly('timeout = "1s"')
    aludel.append("calm")
    os.environ["ALUDEL_UNRULY_HANGS_ONCE"] = str(aludel.directory / "processors/x/hung")
    try:
        log = aludel.drain()
    finally:
        del os.environ["ALUDEL_UNRULY_HANGS_ONCE"]
    holds(log, "x: loading the plugin took over 5s and was killed")
    equal(log.count("it is started again in"), 1)
    equal(aludel.seen(), [0])


def test_one_that_fails_and_then_hangs_in_stop_is_stopped_and_not_crashed(aludel):
    aludel.configure_unruly('timeout = "300ms"', config='hang_in = "stop"')
    aludel.append("calm", "unruly.fail")
    log = aludel.drain(status=1)
    holds(log, "x: at its end: a call took over 300ms and was killed in stop")
    holds(log, "not caught up: x (stopped: event 1: as_told: it was told to fail)")
    equal((aludel.processor()["state"], aludel.processor()["error"]["event_id"]), ("stopped", 1))


def test_one_that_hangs_in_destroy_after_its_last_word_keeps_it(aludel):
    aludel.configure_unruly('timeout = "300ms"', config='hang_in = "destroy"')
    aludel.append("calm", "unruly.fail")
    log = aludel.drain(status=1)
    holds(log, "x: at its end: did not end within 5s and was killed")
    holds(log, "not caught up: x (stopped: event 1: as_told: it was told to fail)")


def test_a_plugin_that_closes_the_connection_to_the_host_has_crashed_and_is_told_why(aludel):
    aludel.configure_unruly('strategy = "dead_letter"')
    # The one that logs behind it is not to blame.
    aludel.append("calm", "unruly.cut_off", "calm.print", "calm")
    log = aludel.drain()
    holds(log, "x: exited with status 1 in flush of event 1; it wrote last: descriptor 3, the connection to the host, was closed")
    equal(aludel.seen(), [0, 2, 3])
    letter, = aludel.json("dlq", "list")
    equal((letter["event_id"], letter["code"], letter["attempts"]), (1, "crashed", 1))


def test_a_plugin_that_writes_to_the_connection_to_the_host_has_crashed_and_is_told_why(aludel):
    aludel.configure_unruly(config=f'once = "{aludel.directory / "processors/x/once"}"')
    aludel.append("unruly.speak_for_host")
    stops_once_at(aludel, 0, "crashed", "closed or broke its connection to the host, descriptor 3, and was killed")


def test_a_child_that_lives_on_without_its_connection_is_killed(aludel):
    aludel.configure_unruly(config=f'once = "{aludel.directory / "processors/x/once"}"')
    aludel.append("unruly.cut_off_and_hang")
    stops_once_at(aludel, 0, "crashed", "closed or broke its connection to the host, descriptor 3, and was killed")
    equal(aludel.seen(), [0])


def test_a_config_of_any_allowed_size_reaches_the_handler(aludel):
    aludel.configure_unruly(config=f'once = "{aludel.directory}", filler = "{"x" * 1_000_000}"')
    aludel.append("unruly.fail")
    aludel.drain()
    equal(aludel.seen(), [0])
    aludel.configure_unruly(config=f'filler = "{"x" * 1_100_000}"')
    _, error = aludel.run("config", "check", status=2)
    holds(error, "config of [processor.x] takes ")
    equal(error.count("\n"), 1)


def test_a_host_outlives_that_an_index_of_a_write_ahead_log_is_cut_while_it_reads(aludel):
    aludel.configure_unruly()
    with aludel.host() as host:
        aludel.append("calm")
        aludel.wait_for_state("waiting")
        index = aludel.directory / "processors/x/projection-1.db-shm"
        cutting = True

        def cut():
            while cutting:
                os.truncate(index, 0)
                os.truncate(index, 32768)

        thread = threading.Thread(target=cut)
        thread.start()
        try:
            for _ in range(60):
                equal(aludel.request("GET", "/v1/status")[0], 200)
        finally:
            cutting = False
            thread.join()
        assert host.process.poll() is None, host.log()


if __name__ == "__main__":
    main(globals())
