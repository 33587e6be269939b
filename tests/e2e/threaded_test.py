#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A C++ plugin that throws and has a thread of its own, in the real host: run once as GCC builds it, once as Clang
builds it with another standard library than the host's."""

from harness import FACTS, equal, holds, main


def words(*those):
    return [{"type": "word", "data": {"word": word}} for word in those]


def test_its_thread_runs_from_start_to_stop(aludel):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS["threaded"]}"\n')
    aludel.append_events(*words("a", "b", "a"))
    log = aludel.drain()
    holds(log, "info x| the thread runs\n")
    holds(log, "info x| the thread ends\n")
    rows = [{"word": "a", "times": 2}, {"word": "b", "times": 1}]
    equal(aludel.json("query", "x", "select * from words order by word"), rows)


def test_what_it_throws_stops_the_processor_with_what_was_thrown(aludel):
    thrown = {
        "fail": ("fail", "bad_word", 'the word is "fail"'),
        "throw": ("fail", "exception", "thrown by the standard library's own type"),
        "number": ("fail", "exception", ""),
        "at": ("fail", "exception", "basic_string"),
        "long" * 30: ("fatal", "too_long", "letters"),
    }
    for n, (word, (outcome, code, message)) in enumerate(thrown.items()):
        directory = aludel.directory / f"thrown-{n}"
        directory.mkdir()
        other = type(aludel)(directory)
        other.configure(f'[processor.x]\nplugin = "{FACTS["threaded"]}"\n')
        other.append_events(*words("good", word, "after"))
        log = other.drain(status=1)
        holds(log, "info x| the thread ends\n")
        x = other.processor()
        equal((x["state"], x["cursor"], x["error"]["outcome"], x["error"]["code"]), ("stopped", 0, outcome, code))
        holds(x["error"]["message"], message)
        equal(other.json("query", "x", "select word from words"), [{"word": "good"}])


if __name__ == "__main__":
    main(globals())
