#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP on the host's socket."""

import json
import signal
import socket
import stat
import subprocess
import threading

from harness import LIMIT, UnixConnection, equal, holds, main

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"


def test_events_are_taken_in_every_form(aludel):
    with aludel.host():
        def post(body, kind, **headers):
            return aludel.request("POST", "/v1/events", body, Content_Type=kind, **headers)

        equal(post('{"type":"a",\n"data":{"x":\n1}}', ONE), (200, {"first": 0, "last": 0, "count": 1, "duplicates": 0}))
        equal(post('[{"type":"b"},{"type":"c"}]', BATCH + "; charset=utf-8"),
              (200, {"first": 1, "last": 2, "count": 2, "duplicates": 0}))
        equal(post('{"type":"d"}\n\n{"type":"e"}', LINES), (200, {"first": 3, "last": 4, "count": 2, "duplicates": 0}))
        equal(post('{"type":"f"}', ONE, Aludel_Producer="p")[1]["first"], 5)
        equal(post('{"type":"f"}', ONE, Aludel_Producer="p"),
              (200, {"first": None, "last": None, "count": 0, "duplicates": 1}))
        equal(post('{"type":"g"}', ONE, Aludel_Producer="p", Aludel_Sequence="1")[1]["first"], 6)
    equal([json.loads(line)["type"] for line in aludel.run("log").splitlines()], list("abcdefg"))


def test_what_is_wrong_with_a_request_is_told(aludel):
    with aludel.host():
        aludel.request("POST", "/v1/events", '{"type":"a"}', Content_Type=ONE, Aludel_Producer="p")
        for method, path, body, headers, status, code, words in [
            ("GET", "/", None, {}, 404, "not_found", "/v1/events, /v1/status, /v1/nudge and /v1/reload"),
            ("GET", "/v1/events", None, {}, 405, "invalid", "takes POST"),
            ("POST", "/v1/status", "", {}, 405, "invalid", "takes GET"),
            ("POST", "/v1/events", "{}", {}, 415, "invalid", "Content-Type"),
            ("POST", "/v1/events", "{}", {"Content_Type": "text/plain"}, 415, "invalid", "Content-Type"),
            ("POST", "/v1/events", "{}", {"Content_Type": ONE}, 400, "invalid", '"type" is required'),
            ("POST", "/v1/events", "", {"Content_Type": ONE}, 400, "invalid", "JSON object"),
            ("POST", "/v1/events", "[]", {"Content_Type": BATCH}, 400, "invalid", "no event"),
            ("POST", "/v1/events", '[{"type":"b"},5]', {"Content_Type": BATCH}, 400, "invalid", "element 1"),
            ("POST", "/v1/events", "\n\n", {"Content_Type": LINES}, 400, "invalid", "no event"),
            ("POST", "/v1/events", '{"type":"b"}\nx', {"Content_Type": LINES}, 400, "invalid", "line 2: "),
            ("POST", "/v1/events", "{}", {"Content_Type": ONE, "Aludel_Sequence": "1"}, 400, "invalid", "Aludel-Producer"),
            ("POST", "/v1/events", "{}", {"Content_Type": ONE, "Aludel_Producer": "p", "Aludel_Sequence": "x"},
             400, "invalid", "a number"),
            ("POST", "/v1/events", '{"type":"b"}', {"Content_Type": ONE, "Aludel_Producer": "p"}, 409, "conflict", "p"),
            ("POST", "/v1/events", '{"type":"b"}', {"Content_Type": ONE, "Aludel_Producer": "p", "Aludel_Sequence": "5"},
             409, "conflict", "p"),
        ]:
            got, answer = aludel.request(method, path, body, **headers)
            equal((got, answer["error"]["code"]), (status, code))
            holds(answer["error"]["message"], words)
    equal(aludel.json("status")["log"]["events"], 1)


def test_lines_before_a_bad_batch_are_in_the_log_and_the_answer_says_so(aludel):
    with aludel.host():
        body = '{"type":"t"}\n' * 10_000 + "nonsense\n"
        status, answer = aludel.request("POST", "/v1/events", body, Content_Type=LINES)
        equal(status, 400)
        holds(answer["error"]["message"], "line 10001: ")
        holds(answer["error"]["message"], "the 10000 events before are in the log")
        equal(aludel.json("status")["log"]["events"], 10_000)


def test_the_status_is_the_command_lines(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    with aludel.host():
        aludel.wait_for_state("waiting")
        equal(aludel.request("GET", "/v1/status"), (200, aludel.json("status")))


def test_the_socket_is_its_owners_alone_and_goes_with_the_host(aludel):
    with aludel.host() as host:
        equal(stat.S_IMODE(aludel.socket.stat().st_mode), 0o600)
        host.end()
    assert not aludel.socket.exists()


def test_a_connection_serves_one_request_after_another(aludel):
    with aludel.host():
        connection = UnixConnection(aludel.socket)
        for position in range(3):
            connection.request("POST", "/v1/events", '{"type":"t"}', {"Content-Type": ONE})
            equal(json.loads(connection.getresponse().read())["first"], position)
        connection.close()


def test_many_producers_at_once_lose_and_double_nothing(aludel):
    producers, events = 64, 20
    with aludel.host():
        def produce(number):
            connection = UnixConnection(aludel.socket)
            for sequence in range(events):
                headers = {"Content-Type": ONE, "Aludel-Producer": f"p{number}", "Aludel-Sequence": str(sequence)}
                connection.request("POST", "/v1/events", json.dumps({"type": "t", "subject": f"{number}/{sequence}"}), headers)
                positions.append(json.loads(connection.getresponse().read())["first"])
            connection.close()

        positions = []
        threads = [threading.Thread(target=produce, args=(n,)) for n in range(producers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        equal(sorted(positions), list(range(producers * events)))
    keys = [json.loads(line)["subject"] for line in aludel.run("log").splitlines()]
    equal(sorted(keys), sorted(f"{n}/{s}" for n in range(producers) for s in range(events)))
    for number in range(producers):
        equal([k for k in keys if k.startswith(f"{number}/")], [f"{number}/{s}" for s in range(events)])


def test_a_producers_key_is_one_header_with_a_key_in_it(aludel):
    with aludel.host():
        def status_of(*headers):
            body = b'{"type":"t"}'
            lines = [b"POST http://aludel/v1/events HTTP/1.1", b"Host: aludel", b"Connection: close",
                     b"Content-Type: " + ONE.encode(), b"Content-Length: %d" % len(body), *headers]
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(LIMIT)
            connection.connect(str(aludel.socket))
            connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            answer = connection.makefile("rb").read()
            connection.close()
            return int(answer.split()[1])

        equal(status_of(b"Aludel-Producer: p"), 200)
        equal(status_of(b"Aludel-Producer:"), 400)
        equal(status_of(b"Aludel-Producer: p", b"Aludel-Producer: q"), 400)
        equal(status_of(b"Aludel-Producer: q", b"Aludel-Sequence: 0", b"Aludel-Sequence: 0"), 400)
        equal(status_of(b"Aludel-Producer: q", b"Aludel-Sequence:"), 400)
        equal(status_of(b"Aludel-Producer: \xff"), 400)
    equal(aludel.json("status")["log"]["events"], 1)


def test_the_status_of_a_stopped_host_comes_from_the_files(aludel):
    aludel.append("t")
    with aludel.host() as host:
        host.process.send_signal(signal.SIGSTOP)
        done = subprocess.run(aludel.command("--json", "status"), capture_output=True, text=True, timeout=LIMIT)
        equal(done.returncode, 0)
        equal(json.loads(done.stdout)["log"]["events"], 1)
        holds(done.stderr, "it has not answered in 5s: is it stopped?")
        host.process.send_signal(signal.SIGCONT)


def test_a_host_ends_although_a_connection_is_open(aludel):
    with aludel.host() as host:
        idle = socket.socket(socket.AF_UNIX)
        idle.connect(str(aludel.socket))
        half = socket.socket(socket.AF_UNIX)
        half.connect(str(aludel.socket))
        half.sendall(b"POST /v1/events HTTP/1.1\r\nContent-Le")
        aludel.request("GET", "/v1/status")  # both were accepted before this was
        equal(host.end()[0], 0)
        idle.close()
        half.close()


if __name__ == "__main__":
    main(globals())
