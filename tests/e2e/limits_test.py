#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a handler may use, and what becomes of the event at which it takes more."""

import json
import re

from harness import FACTS, equal, holds, main


def configure(aludel, limits, more=""):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["greedy"]}"\nstrategy = "dead_letter"\n'
                     f'limits = {{ {limits} }}\n{more}\n')


def letter_of(aludel, takes, limits, more=""):
    """The letter that an event becomes between two others, which are handled; and the host's log."""
    configure(aludel, limits, more)
    aludel.append_events({"type": "take", "data": {}}, {"type": "take", "data": {"takes": takes}},
                         {"type": "take", "data": {}})
    log = aludel.drain()
    equal([row["id"] for row in aludel.json("query", "x", "select id from seen order by id")], [0, 2])
    letter, = aludel.json("dlq", "list")
    equal((letter["event_id"], letter["attempts"]), (1, 1))
    return letter, log


def detail(aludel, letter):
    return json.loads(json.loads(aludel.run("dlq", "show", "x", letter["id"]))["detail"])


def test_an_event_that_takes_all_memory_has_failed_by_that(aludel):
    letter, log = letter_of(aludel, "memory", 'memory = "128MiB"')
    equal((letter["code"], letter["message"]), ("memory_limit", "reached its limit of 128MiB of memory in handle"))
    holds(log, "x| the limit of 128MiB of memory is reached\n")


def test_a_handler_that_does_without_more_memory_says_itself_what_that_means(aludel):
    letter, _ = letter_of(aludel, "c_memory", 'memory = "128MiB"')
    equal((letter["code"], letter["message"]), ("no_room", "malloc gave nothing"))


def test_a_call_that_takes_too_much_cpu_time_is_killed(aludel):
    letter, _ = letter_of(aludel, "cpu", 'cpu_time = "200ms"')
    equal((letter["code"], letter["message"]),
          ("cpu_limit", "a call took over 200ms of CPU time and was killed in handle"))


def test_a_file_too_many_cannot_be_opened(aludel):
    letter, _ = letter_of(aludel, "files", "open_files = 64")
    equal((letter["code"], letter["message"]), ("no_files", "Too many open files"))


def test_files_that_are_all_taken_at_the_end_of_a_batch_are_the_failure_of_the_event_that_took_them(aludel):
    configure(aludel, "open_files = 64")
    aludel.append_events(*({"type": "take", "data": {"takes": what}} for what in ("file", "all_files", "file", "file")))
    log = aludel.drain()
    letter, = aludel.json("dlq", "list")
    equal((letter["event_id"], letter["code"], letter["message"]),
          (1, "file_limit", "had all of its 64 files open in flush"))
    holds(log, "no file more can be opened at the end of a batch, and the limit is 64\n")


def test_an_event_that_takes_all_files_and_fails_is_to_blame_for_that_alone(aludel):
    letter, _ = letter_of(aludel, "all_files_and_failure", "open_files = 64")
    equal((letter["code"], letter["message"]), ("file_limit", "had all of its 64 files open in rolled_back"))


def test_an_event_that_takes_all_memory_has_failed_by_that_where_no_file_can_be_opened_either(aludel):
    letter, _ = letter_of(aludel, "all_files_and_memory", 'open_files = 64, memory = "128MiB"')
    equal(letter["code"], "memory_limit")


def test_threads_too_many_at_the_end_of_a_batch_are_the_failure_of_its_event(aludel):
    letter, log = letter_of(aludel, "threads", "threads = 16")
    equal((letter["code"], letter["message"]), ("thread_limit", "had more than its 16 threads in flush"))
    holds(log, "threads at the end of a batch, and the limit is 16\n")


def test_an_event_that_writes_too_much_leaves_nothing_behind(aludel):
    letter, _ = letter_of(aludel, "transaction", 'transaction_size = "64MiB"')
    equal((letter["code"], letter["message"]),
          ("transaction_limit", "handle() has written over 64MiB (transaction_size of its limits)"))


def test_an_event_that_writes_too_much_behind_one_that_failed_is_a_letter_like_it(aludel):
    configure(aludel, 'transaction_size = "64MiB"')
    aludel.append_events(*({"type": "take", "data": {"takes": what}} for what in ("failure", "transaction")))
    aludel.drain()
    equal([letter["code"] for letter in aludel.json("dlq", "list")], ["asked", "transaction_limit"])


def test_an_event_that_writes_too_much_in_a_thread_leaves_nothing_behind_either(aludel):
    letter, _ = letter_of(aludel, "transaction", 'transaction_size = "64MiB"', 'isolation = "thread"')
    equal(letter["code"], "transaction_limit")


def test_lines_too_many_are_dropped_and_counted(aludel):
    configure(aludel, "log_lines = 10")
    aludel.append_events({"type": "take", "data": {"takes": "lines"}})
    log = aludel.drain()
    equal(log.count("info x| line "), 10)
    holds(log, "warning x: 90 lines were dropped: it may write 10 a second\n")


def test_what_becomes_of_an_event_is_told_behind_lines_that_are_dropped(aludel):
    configure(aludel, "log_lines = 10")
    aludel.append_events(*({"type": "take", "data": {"takes": what}} for what in ("lines", "failure")))
    holds(aludel.drain(), "warning x: event 1: asked: as the event says; it becomes a dead letter\n")


def test_a_fault_is_told_with_its_signal_and_the_calls_that_led_to_it(aludel):
    letter, _ = letter_of(aludel, "null", "")
    equal((letter["code"], letter["message"]), ("crashed", "killed by signal 11 (Segmentation fault) in handle"))
    told = detail(aludel, letter)
    equal(told["signal"], 11)
    said, _, calls = told["output"].partition("calls that led to the fault, the last first:\n")
    equal(said, "")
    assert re.search(r"/plugin-1\.so\(\+0x[0-9a-f]+\)", calls), calls
    # The host's own tell nothing of the plugin.
    equal((calls.count("... in the host\n"), calls.count("aludel(")), (1, 0))
    assert calls.endswith("... in the host\n"), calls


def test_a_stack_that_is_full_is_told_like_any_other_fault(aludel):
    letter, _ = letter_of(aludel, "stack", "")
    equal(letter["code"], "crashed")
    holds(detail(aludel, letter)["output"], "plugin-1.so(")


def test_limits_of_a_process_are_said_to_have_no_effect_in_a_thread(aludel):
    configure(aludel, 'memory = "128MiB"', 'isolation = "thread"')
    aludel.append_events({"type": "take", "data": {}})
    holds(aludel.drain(), 'memory, cpu_time, open_files and threads in limits of [processor.x] have no effect: '
                          'isolation = "thread" runs it in the host\'s own process\n')


main(globals())
