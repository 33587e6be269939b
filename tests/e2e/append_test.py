#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Appending, and what the log says of it afterwards."""

import json
import pathlib
import subprocess

from harness import FACTS, LIMIT, equal, holds, main, until

EVENTS = 28_205


def bank_lines():
    packed = subprocess.run(["zstd", "-dcq", FACTS["events"]], capture_output=True, check=True, timeout=LIMIT)
    return packed.stdout.decode().splitlines(keepends=True)


def write(aludel, lines, name="bank.ndjson"):
    file = aludel.directory / name
    file.write_text("".join(lines))
    return file


def test_real_events_come_out_of_the_log_as_they_went_in(aludel):
    lines = bank_lines()
    equal(aludel.json("append", write(aludel, lines)),
          {"first": 0, "last": EVENTS - 1, "count": EVENTS, "duplicates": 0})
    printed = aludel.run("log").splitlines()
    equal(len(printed), EVENTS)
    for position, (sent, got) in enumerate(zip(lines, printed)):
        event = json.loads(got)
        equal(event.pop("position"), position)
        equal(event, json.loads(sent))
        data = sent[sent.index('"data":'):].rstrip()
        assert got.endswith(data), f"the data's bytes changed: {got}"


def test_a_file_appended_twice_under_one_producer_is_there_once(aludel):
    file = write(aludel, bank_lines())
    equal(aludel.json("append", file, "--producer", "bank")["count"], EVENTS)
    equal(aludel.json("append", file, "--producer", "bank"),
          {"first": None, "last": None, "count": 0, "duplicates": EVENTS})
    equal(aludel.json("status")["log"]["events"], EVENTS)


def test_a_file_that_grew_is_continued_under_its_producer(aludel):
    lines = bank_lines()
    write(aludel, lines[:14_205])
    equal(aludel.json("append", aludel.directory / "bank.ndjson", "--producer", "bank")["count"], 14_205)
    write(aludel, lines)
    equal(aludel.json("append", aludel.directory / "bank.ndjson", "--producer", "bank"),
          {"first": 14_205, "last": EVENTS - 1, "count": EVENTS - 14_205, "duplicates": 14_205})


def test_another_line_under_a_known_sequence_is_refused_and_named(aludel):
    aludel.append("a", "b", producer="p")
    _, error = aludel.run("append", "-", "--producer", "p", stdin='{"type":"a"}\n{"type":"c"}\n', status=3)
    holds(error, "p")
    equal(aludel.json("status")["log"]["events"], 2)


def test_without_a_producer_every_append_adds(aludel):
    equal(aludel.append("a")["first"], 0)
    equal(aludel.append("a")["first"], 1)


def test_a_bad_line_is_named_with_what_was_appended_before_it(aludel):
    lines = ['{"type":"t"}\n'] * 10_000 + ["\n", '{"type":5}\n', '{"type":"t"}\n']
    file = write(aludel, lines)
    _, error = aludel.run("append", file, status=2)
    holds(error, f'aludel: {file}: line 10002: "type" must be a string; the 10000 events before are in the log\n')
    equal(aludel.json("status")["log"]["events"], 10_000)
    _, error = aludel.run("append", "-", stdin='{"type":"t"}\nnonsense\n', status=2)
    holds(error, "aludel: the standard input: line 2: ")
    holds(error, "; nothing was appended")
    equal(aludel.json("status")["log"]["events"], 10_000)


def test_one_event_is_appended_from_the_command_line(aludel):
    payload = aludel.directory / "payload.json"
    payload.write_text('{\n "amount": 500\n}\n')
    holds(aludel.run("append", "--type", "deposit", "--key", "42", "--source", "/till", "--data", f"@{payload}"),
          "appended 1 event (0) in ")
    event = json.loads(aludel.run("log"))
    equal((event["type"], event["subject"], event["source"], event["data"], event["id"]),
          ("deposit", "42", "/till", {"amount": 500}, "0"))
    repeated = ["append", "--type", "deposit", "--data", '{"amount":1}', "--producer", "till-1"]
    equal(aludel.json(*repeated)["count"], 1)
    equal(aludel.json(*repeated), {"first": None, "last": None, "count": 0, "duplicates": 1})
    holds(aludel.run(*repeated), "; 1 was in the log already\n")


def test_a_byte_order_mark_at_the_start_is_passed_over(aludel):
    file = aludel.directory / "marked.ndjson"
    file.write_bytes(b"\xef\xbb\xbf" + b'{"type":"a"}\n{"type":"b"}\n')
    equal(aludel.json("append", file, "--producer", "p")["count"], 2)
    file.write_bytes(file.read_bytes()[3:])
    equal(aludel.json("append", file, "--producer", "p")["duplicates"], 2)
    with aludel.host():
        file.write_bytes(b"\xef\xbb\xbf" + b'{"type":"c"}\n\xef\xbb\xbf{"type":"d"}\n')
        _, error = aludel.run("append", file, status=2)
    holds(error, "line 2: ")


def test_a_new_log_is_said_to_be_one(aludel):
    done = subprocess.run(aludel.command("append", "--type", "t"), capture_output=True, text=True, timeout=LIMIT)
    equal(done.stderr, f"aludel: made a new log in {aludel.directory}/log\n")
    done = subprocess.run(aludel.command("append", "--type", "t"), capture_output=True, text=True, timeout=LIMIT)
    equal(done.stderr, "")


def test_input_without_events_appends_nothing(aludel):
    for text in "", "\n \n":
        equal(aludel.json("append", "-") if text is None else json.loads(aludel.run("--json", "append", "-", stdin=text)),
              {"first": None, "last": None, "count": 0, "duplicates": 0})


def test_wrong_use_is_told_in_one_line(aludel):
    for arguments, words in [
        (["append"], "give a FILE, - for the standard input, or --type"),
        (["append", "-", "--type", "t"], "give a FILE or --type, not both"),
        (["append", "-", "--data", "{}"], "the data directory goes before the command"),
        (["append", "-", "--key", "k"], "they need --type"),
        (["append", "--type", "t", "--data", "{amount:1}"],
         "improper structure: missing or superfluous commas, braces, missing keys, etc.; in a shell, put quotes around all "
         "of it: --data '{\"amount\":500}'"),
        (["append", "--type", "t", "--data", "{amount:1}"], 'aludel: --data "{amount:1}": parse JSON: '),
        (["append", "--type", "t", "--data", "{" + 60 * "x"], '--data "{' + 59 * "x" + '...": '),
        (["append", "/nonexistent.ndjson"], "open /nonexistent.ndjson: No such file"),
        (["append", "--type", "t", "--data", "/etc/passwd"], "write --data @/etc/passwd"),
        (["append", "--type", "t", "--data", "/etc"], "; the data directory goes before the command: aludel --data /etc append ..."),
        (["append", "--type", "t", "--producer", ""], "--producer: it is empty: give a key"),
        (["append", "--type", "t", "--producer="], "--producer: it is empty: give a key"),
        (["append", "--type", ""], "--type: it is empty"),
        (["--data=", "append", "--type", "t"], "--data: it is empty: give a folder"),
        (["--config", "", "status"], "--config: it is empty: give a file"),
        (["append", "--typo", "t"], 'no option "--typo"; did you mean "--type"? See aludel append --help'),
        (["run", "--plugn-dir=x"], 'no option "--plugn-dir"; did you mean "--plugin-dir"? See aludel run --help'),
        (["run", "--log-level", "warnig"], 'did you mean "warning"? See aludel run --help'),
        (["status", "x"], '"x" is too much for aludel status; see aludel status --help'),
        (["plugin"], "give a command after aludel plugin: list, info or reload; see aludel plugin --help"),
        (["plugin", "lst"], 'there is no command "plugin lst"; did you mean "list"? See aludel plugin --help'),
        (["config"], "give a command after aludel config: check or show"),
        (["query", "x"], "SQL is required; see aludel query --help"),
        (["log", "--from", "-3"], '--from: give a whole number from 0 on, not "-3"'),
        (["log", "--to=-3"], "--to: give a whole number"),
        (["log", "--limit", "-1"], "--limit: give a whole number"),
        (["log", "--from", "3", "--to", "2"], "--from 3 lies beyond --to 2"),
        (["log", "--type", "de*it"], "a star stands at the end only"),
        (["apend", "x"], 'there is no command "apend"; did you mean "append"?'),
        ([], "give a command after aludel: run, append, log, "),
    ]:
        _, error = aludel.run(*arguments, status=2)
        holds(error, words)
        equal(error.count("\n"), 1)
        assert error.startswith("aludel: "), error
    _, error = type(aludel)("/etc/passwd").run("append", "--type", "t", status=2)
    equal(error, "aludel: use the data directory /etc/passwd: it is a file; --data before the command names a folder\n")


def test_the_log_is_printed_by_position_type_key_and_number(aludel):
    lines = [json.dumps({"type": t, "subject": k}) for t in ("order.new", "order.paid", "deposit") for k in ("a", "b")]
    aludel.run("append", "-", stdin="\n".join(lines))

    def positions(*arguments):
        return [json.loads(line)["position"] for line in aludel.run("log", *arguments).splitlines()]

    equal(positions(), [0, 1, 2, 3, 4, 5])
    equal(positions("--from", 2, "--to", 4), [2, 3, 4])
    equal(positions("--type", "order.paid"), [2, 3])
    equal(positions("--type", "order.*"), [0, 1, 2, 3])
    equal(positions("--key", "b"), [1, 3, 5])
    equal(positions("--type", "order.*", "--key", "b", "--limit", 1), [1])
    equal(positions("--from", 6), [])
    equal(positions("--limit", 0), [])
    _, error = aludel.run("log", "--from", 7, status=2)
    holds(error, "event 7")


def test_a_log_that_is_followed_shows_events_as_they_come(aludel):
    aludel.append("a")
    follower = subprocess.Popen(aludel.command("log", "--follow", "--limit", "3"), stdout=subprocess.PIPE, text=True)
    try:
        for position, kind in enumerate("abc"):
            if position:
                aludel.append(kind)
            equal(json.loads(follower.stdout.readline())["type"], kind)
        equal(follower.wait(timeout=LIMIT), 0)
    finally:
        follower.kill()
        follower.wait()


def test_where_there_is_no_log_reading_says_so(aludel):
    for command in ["status"], ["log"], ["verify"]:
        _, error = aludel.run(*command, status=2)
        holds(error, "append an event first" if command != ["verify"] else "log")
    equal(list(aludel.directory.iterdir()), [])


def test_a_flipped_byte_is_found_by_verify(aludel):
    aludel.append(*["t"] * 100)
    aludel.append("t")  # whose block says that the one before was durable
    holds(aludel.run("verify"), ": good\n")
    segment = next(pathlib.Path(aludel.directory, "log").glob("*.seg"))
    content = bytearray(segment.read_bytes())
    content[5_000] ^= 1
    segment.write_bytes(content)
    out, _ = aludel.run("verify", status=1)
    holds(out, segment.name)
    holds(out, "1 fault")


def test_a_damaged_last_block_is_corruption_where_a_processor_is_past_it(aludel):
    aludel.configure_unruly()
    aludel.append("calm", "calm")
    aludel.append("calm")
    segment = next(pathlib.Path(aludel.directory, "log").glob("*.seg"))
    whole = segment.read_bytes()
    damaged = bytearray(whole)
    last = whole.rindex(b"calm")
    damaged[last] ^= 1

    segment.write_bytes(damaged)
    (aludel.directory / "log" / "tip").unlink()  # as if the machine had been started anew
    holds(aludel.run("verify"), "the log's last block is cut short or damaged (")
    segment.write_bytes(whole)
    aludel.drain()
    segment.write_bytes(damaged)
    out, _ = aludel.run("verify", status=1)
    holds(out, f"{segment} at byte ")
    holds(out, "processor x: its cursor 2 lies beyond the log's last event")
    _, error = aludel.run("append", "--type", "t", status=3)
    holds(error, str(segment))
    equal(segment.read_bytes(), bytes(damaged))


def test_text_that_is_not_utf8_or_no_producers_key_is_refused(aludel):
    bad = "\udcff"  # the byte ff
    for arguments, words in [
        (["--type", bad], "--type is not UTF-8"),
        (["--type", "t", "--key", bad], "--key is not UTF-8"),
        (["--type", "t", "--source", bad], "--source is not UTF-8"),
        (["--type", "t", "--producer", bad], "the producer's key is not UTF-8"),
        (["--type", "t", "--producer", " p"], "begins or ends with a blank"),
        (["--type", "t", "--producer", "p\nHost: x"], "holds a control character"),
    ]:
        _, error = aludel.run("append", *arguments, status=2)
        holds(error, words)
        equal(error.count("\n"), 1)
    assert not (aludel.directory / "log").exists()


def test_an_append_that_waits_for_its_input_lets_others_have_the_log(aludel):
    with sender(aludel) as slow:
        say(slow, '{"type":"a"}\n')
        until(lambda: list(aludel.directory.glob("log/*.seg")) and events(aludel) == 1, "the first line")
        equal(aludel.append("b")["first"], 1)
        with aludel.host() as host:
            say(slow, '{"type":"c"}\n')
            until(lambda: events(aludel) == 3, "the second line")
            host.end()
        with aludel.host():  # another one than the connection was made to
            say(slow, '{"type":"d"}\n')
            until(lambda: events(aludel) == 4, "the third line")
            out, error = slow.communicate(timeout=LIMIT)
    equal((slow.returncode, error.count("\n")), (0, 1))
    holds(error, "made a new log in ")
    equal(json.loads(out)["count"], 3)


def sender(aludel):
    return subprocess.Popen(aludel.command("--json", "append", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def say(process, text):
    process.stdin.write(text)
    process.stdin.flush()


def events(aludel):
    return aludel.json("status")["log"]["events"]


def test_an_event_that_a_processor_has_handled_is_never_lost_silently(aludel):
    aludel.configure(f'[processor.tally]\nplugin = "{FACTS["tally"]}"\n')
    ends = []
    for kind in "abcde":
        aludel.append(kind)
        ends.append(aludel.json("status")["log"]["bytes"])
    aludel.drain()
    segment = aludel.directory / "log" / "00000000000000000000.seg"
    whole = segment.read_bytes()
    for damaged in whole[:ends[3]], whole[:ends[3]] + bytes(len(whole) - ends[3]):
        segment.write_bytes(damaged)
        (aludel.directory / "log" / "tip").unlink()  # as if the machine had been started anew
        _, error = aludel.run("append", "--type", "f", status=3)
        holds(error, f"{segment} at offset {ends[3]}: the log ends before event 4, but processor tally knows")
        equal(error.count("\n"), 1)
        equal(segment.read_bytes(), damaged)
    segment.write_bytes(whole)
    equal(aludel.append("f")["first"], 5)


def test_a_projection_of_another_log_says_nothing_of_this_one(aludel):
    aludel.configure(f'[processor.tally]\nplugin = "{FACTS["tally"]}"\n')
    aludel.append(*"abcde")
    aludel.drain()
    for file in (aludel.directory / "log").iterdir():
        file.unlink()
    equal(aludel.append("a")["first"], 0)
    equal(aludel.append("b")["first"], 1)


if __name__ == "__main__":
    main(globals())
