#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Running processors: to the tip and back out, by drain and by signal."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import threading

from harness import FACTS, LIMIT, Host, equal, holds, main, until

NANOSLEEP = ("35", "230")  # nanosleep, clock_nanosleep: their numbers on x86-64
WAITED = 1  # seconds for which a lock is held, well below what is waited for

OVERDRAFT = "config = { allow_overdraft = true }"


def configure_ledger(aludel, more=""):
    aludel.configure(f'[processor.ledger]\nplugin = "{FACTS["ledger"]}"\n{more}\n')


def append_bank(aludel):
    events = subprocess.run(["zstd", "-dcq", FACTS["events"]], capture_output=True, check=True, timeout=LIMIT).stdout
    file = aludel.directory / "bank.ndjson"
    file.write_bytes(events)
    aludel.run("append", file)
    return file


def truth(table, file, *options):
    command = [sys.executable, FACTS["truth"], *options, table, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT).stdout


def rows(aludel, sql):
    return "".join("\t".join(str(value) for value in row.values()) + "\n" for row in aludel.json("query", "ledger", sql))


ENTRIES = "select event_id, account, amount, balance from entries order by event_id"
ACCOUNTS = "select account, balance from accounts order by account"


def test_the_real_events_make_the_rows_that_a_separate_script_works_out(aludel):
    configure_ledger(aludel, OVERDRAFT)
    file = append_bank(aludel)
    aludel.drain()
    equal(rows(aludel, ACCOUNTS), truth("accounts", file, "--overdraft"))
    equal(rows(aludel, ENTRIES), truth("entries", file, "--overdraft"))
    ledger = aludel.processor("ledger")
    equal((ledger["state"], ledger["cursor"], ledger["lag"], ledger["handled"]), ("offline", 28_204, 0, 27_834))
    equal(aludel.json("status")["unrouted"], {"cash_withdrawal": 371})
    holds(aludel.run("verify"), "1 projection: good")


def test_a_failed_event_stops_the_processor_before_it_with_the_reason(aludel):
    configure_ledger(aludel)
    file = append_bank(aludel)
    log = aludel.drain(status=1)
    holds(log, "not caught up: ledger (stopped: event 3874: insufficient_funds: balance 4214320, withdrawal 6120000)")
    holds(log, "ending: each processor has caught up or stands still\n")
    equal(rows(aludel, ENTRIES), truth("entries", file, "--stop-at-first-refusal"))
    ledger = aludel.processor("ledger")
    error = ledger["error"]
    equal((ledger["state"], ledger["cursor"], ledger["attempt"]), ("stopped", 3_873, 1))
    equal((error["event_id"], error["code"], error["stage"], error["outcome"]),
          (3_874, "insufficient_funds", "handle", "fail"))
    aludel.drain(status=1)  # tries it again, with the same end
    equal(aludel.processor("ledger")["handled"], ledger["handled"])


def test_the_real_events_leave_eight_dead_letters(aludel):
    configure_ledger(aludel, 'strategy = "dead_letter"')
    file = append_bank(aludel)
    aludel.drain()
    equal(rows(aludel, ACCOUNTS), truth("accounts", file))
    equal(rows(aludel, ENTRIES), truth("entries", file))
    kinds = "select count(*) filter (where amount > 0), count(*) filter (where amount < 0), sum(amount) from entries"
    equal(rows(aludel, kinds), "15212\t12614\t4168517010\n")
    equal(rows(aludel, "select count(*) from accounts"), "1139\n")
    letters = [json.loads(line) for line in aludel.run("dlq", "export", "ledger").splitlines()]
    equal({letter["code"] for letter in letters}, {"insufficient_funds"})
    equal([int(letter["event"]["id"]) for letter in letters],
          [332732, 136153, 1176458, 1693860, 1730747, 2592512, 2969309, 14443])
    equal(aludel.json("status")["unrouted"], {"cash_withdrawal": 371})
    group, = aludel.json("dlq", "groups")
    equal((group["count"], group["message"]), (8, "balance #, withdrawal #"))


def test_one_that_stops_holds_up_no_other(aludel):
    aludel.configure(f'[processor.ledger]\nplugin = "{FACTS["ledger"]}"\n[processor.tally]\nplugin = "{FACTS["tally"]}"\n')
    append_bank(aludel)
    aludel.drain(status=1)
    equal(aludel.processor("ledger")["state"], "stopped")
    equal(aludel.processor("tally")["lag"], 0)


def test_without_a_config_every_handler_found_runs(aludel):
    folder = aludel.directory / "plugins"
    folder.mkdir()
    for plugin in "ledger", "tally":
        (folder / os.path.basename(FACTS[plugin])).symlink_to(FACTS[plugin])
    aludel.append("deposit_of_another_kind")
    holds(aludel.drain("--plugin-dir", folder), "ending: all processors have caught up\n")
    equal([p["name"] for p in aludel.json("status")["processors"]], ["ledger", "tally"])
    equal(aludel.processor("tally")["handled"], 1)


def test_without_a_config_one_whose_plugin_is_gone_is_refused_and_the_log_kept_for_it(aludel):
    folder = aludel.directory / "plugins"
    folder.mkdir()
    for plugin in "ledger", "tally":
        (folder / os.path.basename(FACTS[plugin])).symlink_to(FACTS[plugin])
    aludel.append("deposit_of_another_kind")
    aludel.drain("--plugin-dir", folder)
    ledger = folder / os.path.basename(FACTS["ledger"])
    ledger.unlink()
    why = 'run processor "ledger": no plugin that was found has a handler for it, and the log is kept for it: put its plugin back'
    with aludel.host("--plugin-dir", folder) as host:
        equal(aludel.wait_for_state("refused", "ledger")["handler"], "org.aludel.ledger")
        holds(aludel.run("status"), why)
        holds(host.log(), f"error ledger: refused: {why}")
    holds(aludel.drain("--plugin-dir", folder, status=1), "not caught up: ledger (refused: ")
    ledger.symlink_to(FACTS["ledger"])
    aludel.drain("--plugin-dir", folder)
    equal(aludel.processor("ledger")["error"], None)


def test_handlers_of_one_name_start_neither(aludel):
    folder = aludel.directory / "plugins"
    folder.mkdir()
    for name in "a.so", "b.so":
        shutil.copy(FACTS["ledger"], folder / name)
    error = aludel.drain("--plugin-dir", folder, status=2)
    holds(error, 'would both be the processor "ledger"; write into ')
    lines = error.rstrip().rpartition("each on a line of its own: ")[2].split(", ")
    aludel.configure('[host]\nlog_level = "info"\n' + "".join(line.strip("`") + "\n" for line in lines))
    assert not (aludel.directory / "processors").exists()
    aludel.drain("--plugin-dir", folder)
    equal([p["name"] for p in aludel.json("status")["processors"]], ["ledger", "ledger-2"])


def test_a_drain_of_nothing_ends_at_once(aludel):
    log = aludel.drain()
    holds(log, f"made a new log in {aludel.directory}/log\n")
    holds(log, "ending: there is no processor\n")
    holds(log, "no plugin folder is named: [host] plugin_dirs, --plugin-dir or ALUDEL_PLUGIN_PATH\n")
    equal(aludel.json("status"), {"log": {"events": 0, "first": 0, "bytes": aludel.json("status")["log"]["bytes"], "disk_full": False},
                                  "processors": [], "unrouted": {}})


def test_a_drain_with_nothing_to_run_by_mistake_says_why(aludel):
    folder = aludel.directory / "plugins"
    folder.mkdir()
    why = f"aludel: no processor runs: the plugin folder {folder} holds no plugin (*.so)\n"
    holds(aludel.drain("--plugin-dir", folder, status=1), why)
    (folder / "bad.so").write_text("no library")
    log = aludel.drain("--plugin-dir", folder, status=1)
    holds(log, f"aludel: no processor runs: refuse {folder}/bad.so: ")
    with aludel.host("--plugin-dir", folder) as host:
        aludel.append("calm")
        status, log = host.end()
        equal(status, 0)
        holds(log, f" warning no processor runs: refuse {folder}/bad.so: ")
    out, _ = aludel.run("config", "check", "--plugin-dir", folder, status=1)
    holds(out, f"no processor runs: refuse {folder}/bad.so: ")


def test_a_missing_plugin_refuses_only_the_processor_that_names_it(aludel):
    aludel.configure(f'[processor.gone]\nplugin = "/nowhere/gone.so"\n[processor.x]\nplugin = "{FACTS["unruly"]}"\n')
    aludel.append("calm")
    holds(aludel.drain(status=1), "not caught up: gone (refused: not_found: refuse /nowhere/gone.so: ")
    equal(aludel.seen(), [0])
    gone = aludel.processor("gone")
    equal((gone["state"], gone["error"]["code"]), ("refused", "not_found"))
    equal(aludel.processor("x")["state"], "offline")


def test_a_drain_that_takes_too_long_names_who_is_behind(aludel):
    aludel.configure_unruly()
    aludel.append("unruly.hang")
    begin = os.times().elapsed
    log = aludel.drain("--timeout", "3s", status=1)  # long enough to be in the call, on any machine
    holds(log, "x: did not stop within 1s, in handle of event 0; it is killed\n")
    holds(log, "ending: the time is up (--timeout)\n")
    holds(log, "not caught up: x (hanging in handle of event 0)\n")
    assert os.times().elapsed - begin < 12, "it was given longer than a second to stop"
    equal(aludel.processor()["state"], "offline")


def test_thread_isolation_gives_the_same_rows(aludel):
    configure_ledger(aludel, OVERDRAFT + '\nisolation = "thread"')
    file = append_bank(aludel)
    aludel.drain()
    equal(rows(aludel, ENTRIES), truth("entries", file, "--overdraft"))


def test_appends_while_a_host_runs_reach_the_processor_through_it(aludel):
    aludel.configure_unruly()
    with aludel.host() as host:
        equal(aludel.append("calm.a", "calm.b")["count"], 2)
        until(lambda: aludel.processor()["cursor"] == 1, "the events to be handled")
        equal(aludel.append("calm.c", producer="p")["first"], 2)
        equal(aludel.append("calm.c", producer="p")["duplicates"], 1)
        until(lambda: aludel.processor()["state"] == "waiting" and aludel.processor()["cursor"] == 2, "the tip")
        _, error = aludel.run("append", "-", stdin='{"type":"t"}\nnonsense\n', status=2)
        holds(error, "line 2: ")
        status, _ = host.end()
        equal(status, 0)
    equal(aludel.seen(), [0, 1, 2])


def test_a_signal_ends_the_host_at_an_event_boundary(aludel):
    for how in signal.SIGTERM, signal.SIGINT:
        aludel.configure_unruly("batch_size = 100")
        aludel.append(*["calm.slow"] * 100)
        before = aludel.processor()["handled"]
        with aludel.host() as host:
            until(lambda: aludel.processor()["handled"] > before, "the first batch")
            status, log = host.end(how)
            equal(status, 0)
            holds(log, "a signal asked for it")
        seen, cursor = aludel.seen(), aludel.processor()["cursor"]
        equal(seen, list(range(cursor + 1)))
        equal(aludel.processor()["state"], "offline")


def test_a_second_signal_ends_at_once(aludel):
    aludel.configure_unruly()
    aludel.append("calm.a")
    with aludel.host() as host:
        aludel.wait_for_state("waiting")
        aludel.append("unruly.hang")
        until(lambda: "hanging" in host.log(), "the processor to come to the event that hangs")
        host.process.send_signal(signal.SIGTERM)
        until(lambda: not pending(host, signal.SIGTERM), "the first signal to be taken")
        host.process.send_signal(signal.SIGTERM)
        status, log = host.wait()
        equal(status, 0)
        holds(log, "a second signal")
    equal(aludel.processor()["state"], "offline")


def pending(host, which):
    """Whether a signal that was sent is still to be taken."""
    lines = pathlib.Path(f"/proc/{host.process.pid}/status").read_text().splitlines()
    return any(int(line.split()[1], 16) >> (which - 1) & 1 for line in lines if line.startswith("ShdPnd"))


def test_two_hosts_on_one_directory_are_one_too_many(aludel):
    with aludel.host() as host:
        _, error = aludel.run("run", status=3)
        equal(error, f"aludel: a host (process {host.process.pid}) runs on {aludel.directory} already: stop it first\n")
        equal(error.count("\n"), 1)
        assert aludel.socket.exists(), "the second host took the socket along"


def test_a_host_that_was_killed_leaves_nothing_that_a_new_one_minds(aludel):
    aludel.configure_unruly()
    aludel.append(*["calm"] * 50)
    with aludel.host() as host:
        children = until(host.children, "a child")
        host.end(signal.SIGKILL)
        assert aludel.socket.exists()
        for child in children:
            until(lambda: not pathlib.Path(f"/proc/{child}/fd/0").exists(), "the child to end with its host")
    aludel.append("calm")  # the stale socket is passed by
    aludel.drain()
    equal(aludel.seen(), list(range(51)))


def test_an_idle_host_and_its_children_use_no_cpu(aludel):
    aludel.configure_unruly()
    aludel.append("calm")

    # The thread sanitizer's own thread sleeps and wakes all the time; it alone is passed over.
    sanitized = b"libtsan" in pathlib.Path(FACTS["program"]).read_bytes()

    def sanitizer_thread(pid):
        tasks = [task for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                 if (task / "syscall").read_text().split()[0] in NANOSLEEP]
        assert len(tasks) <= 1, f"threads {tasks} sleep"
        return tasks

    def switches(pid):
        tasks = set(pathlib.Path(f"/proc/{pid}/task").iterdir()) - {task for found in passed_over for task in found}
        return sum(int(line.split()[1]) for task in tasks for line in (task / "status").read_text().splitlines()
                   if "ctxt_switches" in line)

    # Over a time in which a loop that polls would turn many times.
    def quiet():
        ends = os.times().elapsed + 2.5
        try:
            before = [switches(pid) for pid in pids]
            until(lambda: os.times().elapsed > ends, "time to pass")
            return before == [switches(pid) for pid in pids]
        except FileNotFoundError:  # a thread has just ended
            return False

    with aludel.host() as host:
        aludel.wait_for_state("waiting")
        pids = [host.process.pid, *host.children()]
        passed_over = [until(lambda: sanitizer_thread(pid), "the sanitizer's thread to sleep") for pid in pids if sanitized]
        until(quiet, "the host to be quiet")
        assert quiet(), "an idle host was busy"


def test_a_host_waits_for_an_append_to_be_done_but_not_for_another_host(aludel):
    aludel.append("t")
    with open(aludel.directory / "log" / "lock", "r+b") as lock:
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        threading.Timer(WAITED, lock.close).start()
        with aludel.host():
            assert lock.closed
            _, error = aludel.run("run", status=3)
            holds(error, "already: stop it first")


if __name__ == "__main__":
    main(globals())
