#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stands in the way: folders in place of files, outputs that take nothing, limits of the process."""

import os
import resource
import signal
import socket
import subprocess

from harness import FACTS, LIMIT, Aludel, equal, holds, main, until

CONTROL = "a\u001b[31mb\nc"


def run(aludel, *arguments, **options):
    """(exit status, stdout, stderr) of a command, however it ends."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    done = subprocess.run(aludel.command(*arguments), text=True, timeout=LIMIT, **options)
    return done.returncode, done.stdout, done.stderr


def one_error(aludel, *arguments, status, words, **options):
    code, _, error = run(aludel, *arguments, **options)
    equal((code, error.count("\n")), (status, 1))
    holds(error, words)


def test_a_folder_in_place_of_the_config_is_told_in_one_line(aludel):
    one_error(aludel, "--config", aludel.directory, "status", status=3, words="Is a directory")
    (aludel.directory / "aludel.toml").mkdir()
    one_error(aludel, "run", "--drain", status=3, words="aludel.toml: Is a directory")


def test_one_processor_whose_folder_is_of_no_use_holds_up_no_other(aludel):
    x, y = (f'[processor.{n}]\nplugin = "{FACTS[p]}"\n' for n, p in (("x", "unruly"), ("y", "tally")))
    folder = aludel.directory / "processors" / "x"
    its_host = aludel.directory / "host" / "x"

    def check(make, words):
        make()
        log = aludel.drain(status=1)
        holds(log, "not caught up: x (")
        holds(log, words)
        equal(aludel.processor("y")["lag"], 0)
        subprocess.run(["rm", "-rf", str(folder), str(its_host)], check=True)

    aludel.configure(x + y)
    folder.parent.mkdir()
    for make, words in [
        (folder.touch, "x (stopped: "),
        (lambda: (its_host / "processor.json").mkdir(parents=True), "Is a directory"),
        (lambda: (folder.mkdir(), (folder / "projection.db").symlink_to("projection.db")), "symbolic links"),
    ]:
        aludel.append("calm")
        check(make, words)
    # That the reason cannot be kept beside the projection stops nobody.
    aludel.append("calm")
    (its_host / "host.json").mkdir(parents=True)
    aludel.drain()
    equal(aludel.processor("x")["lag"], 0)


def test_a_pipe_in_a_processors_folder_holds_nobody_up(aludel):
    told = ": it is a pipe, where a file should be: look who has put it there, and remove it"
    for name in "projection.db", "projection-1.db", "projection-1.db-wal", "control.db", "page", "lock":
        one = Aludel(aludel.directory / name)
        one.directory.mkdir()
        one.configure_unruly()
        one.append("calm")
        one.drain()
        file = one.directory / "processors" / "x" / name
        file.unlink(missing_ok=True)
        os.mkfifo(file)
        for command in (["status"], ["verify"], ["backup", "backups"], ["query", "x", "select 1"], ["dlq", "list"],
                        ["processor", "pause", "x"]):
            run(one, *command)  # within the limit
        with one.host() as host:
            if name == "page":  # holds nothing that is not made anew
                one.wait_for_state("paused")
            else:
                holds(one.wait_for_state("refused")["error"]["message"], told)
            equal(host.end()[0], 0)


def test_what_cannot_be_printed_is_an_error(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    with open("/dev/full", "w") as full:
        for command in ["status"], ["config", "show"], ["plugin", "info", FACTS["tally"]], ["--help"], ["log"], ["verify"]:
            one_error(aludel, *command, status=3, words="write to the standard output: No space left", stdout=full)


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(aludel):
    aludel.append("calm")
    reader, writer = os.pipe()
    os.close(reader)
    code, _, error = run(aludel, "log", stdout=writer)
    os.close(writer)
    equal((code, error), (-signal.SIGPIPE, ""))


def test_a_host_whose_log_nobody_reads_works_on(aludel):
    aludel.configure_unruly()
    aludel.append("calm.print")
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(aludel.command("run"), stdout=writer, stderr=writer) as host:
        until(lambda: aludel.seen() == [0], "the event")
        host.send_signal(signal.SIGTERM)
        equal(host.wait(timeout=LIMIT), 0)
    os.close(writer)


def test_a_limit_on_the_size_of_files_is_an_error(aludel):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))

    data = aludel.directory / "data"
    data.write_text(f'"{"x" * 100_000}"')
    aludel.append("t")
    one_error(aludel, "append", "--type", "t", "--data", f"@{data}", status=3, words="File too large", preexec_fn=limit)


def test_a_processor_whose_projection_may_not_grow_is_stopped_with_the_reason(aludel):
    aludel.configure_unruly()
    with aludel.host() as host:
        aludel.wait_for_state("waiting")
        child, = host.children()
        resource.prlimit(child, resource.RLIMIT_FSIZE, (1024, 1024))
        aludel.append("calm")
        aludel.wait_for_state("stopped")


def test_a_client_that_takes_no_answers_does_not_hold_up_the_end(aludel):
    with aludel.host() as host, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(aludel.socket))
        client.setblocking(False)

        def is_full():
            try:
                client.send(b"GET /v1/status HTTP/1.1\r\n\r\n" * 100)
                return False
            except BlockingIOError:
                return True
        until(is_full, "the server to stop reading, as its answers are not taken")
        before = os.times().elapsed
        status, _ = host.end()
        equal(status, 0)
        assert os.times().elapsed - before < 20, "the host waited for the client"


def test_a_query_that_is_stuck_in_one_function_is_ended(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    stuck = "select instr(hex(zeroblob(8000000)), hex(zeroblob(3999999)) || '1')"
    one_error(aludel, "query", "x", stuck, status=1, words="query: stopped after 5s")


def test_words_of_others_steer_no_terminal(aludel):
    aludel.configure_unruly(config=f'message = "{CONTROL.encode("unicode_escape").decode().replace("x1b", "u001b")}"')
    aludel.append("unruly.fail", f"odd{CONTROL}")
    log = aludel.drain(status=1)
    holds(log, "not caught up: x (stopped: event 0: as_told: a [31mb c)")
    out = aludel.run("status")
    holds(out, ": as_told: a [31mb c; attempt 1; ")
    holds(out, "unrouted: odda [31mb c 1\n")
    assert "\x1b" not in out + log


def test_plugins_that_hang_do_not_add_up_their_time(aludel):
    aludel.append("calm")
    folder = aludel.directory / "plugins"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.so").write_bytes(open(f'{FACTS["bad"]}/bad_hangs_in_constructor.so', "rb").read())
    aludel.configure(f'[host]\nplugin_dirs = ["{folder}"]\n')
    before = os.times().elapsed
    aludel.run("status")
    assert os.times().elapsed - before < 15, "one after the other"


if __name__ == "__main__":
    main(globals())
