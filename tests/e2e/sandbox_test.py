#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a plugin that tries gets out of its sandbox, and that those which do not try notice nothing of it."""

import contextlib
import json
import os
import signal
import socket
import subprocess

from harness import FACTS, LIMIT, equal, holds, main, until

LEVELS = ("off", "basic", "strict")


def configure(aludel, level, more="", plugin="prober"):
    aludel.configure(f'[processor.x]\nplugin = "{FACTS[plugin]}"\nsandbox = "{level}"\n{more}\n')


def attempt(aludel, attempts):
    """Appends the attempts, (what, with what), waits for a host to have handled them: their results in order."""
    before = aludel.json("status")["log"]["events"]
    aludel.append_events(*({"type": what, "subject": str(key)} if key else {"type": what} for what, key in attempts))
    until(lambda: aludel.processor()["cursor"] == before + len(attempts) - 1, "the attempts to be made")
    rows = aludel.json("query", "x", f"select result from tried where id >= {before} order by id")
    return [row["result"] for row in rows]


def check(aludel, level, table, more=""):
    """The table has, of each attempt, what comes of it at each level and which call is told then; None: it is not made."""
    configure(aludel, level, more)
    column = LEVELS.index(level)
    tried = [(what, key, results[column], call) for what, key, results, call in table if results[column]]
    with aludel.host() as host:
        found = attempt(aludel, [(what, key) for what, key, _, _ in tried])
        equal([(what, key, result) for (what, key, _, _), result in zip(tried, found)],
              [(what, key, result) for what, key, result, _ in tried])
        _, log = host.end()
    for what, key, result, call in tried:
        if call and result in ("EPERM", "EACCES"):
            holds(log, f' warning x| denied by sandbox = "{level}"')
            holds(log, f": {call}")
    if level == "off":
        assert "denied" not in log, log


def in_its_place(aludel, level, table):
    for name in "outside", "doomed":
        (aludel.directory / name).write_text("there")
    check(aludel, level, table)
    changed = level == "off"
    equal((aludel.directory / "outside").read_text(), "" if changed else "there")
    equal((aludel.directory / "doomed").exists(), not changed)
    equal((aludel.directory / "new").exists(), changed)


def test_files(aludel):
    aludel.append("t")
    y = aludel.directory / "processors" / "y"
    y.mkdir(parents=True)
    (y / "projection-1.db").write_text("another's")
    outside, doomed, new, made = (aludel.directory / name for name in ("outside", "doomed", "new", "made"))
    own = aludel.directory / "processors" / "x" / "own"
    library = aludel.directory / "host" / "x" / "plugin-1.so"
    segment = aludel.directory / "log" / f"{0:020}.seg"
    table = [
        ("open", outside, ("OK", "OK", "EACCES"), f"openat of {outside}"),
        ("open_raw", outside, ("OK", "OK", "EACCES"), f"openat of {outside}"),
        ("on_thread", outside, ("OK", "OK", "EACCES"), f"openat of {outside}"),
        ("open", y / "projection-1.db", ("OK", "OK", "EACCES"), f"openat of {y}"),
        ("open", "/etc/passwd", ("OK", "OK", "EACCES"), "openat of /etc/passwd"),
        ("open", "/dev/urandom", ("OK", "OK", "OK"), None),
        ("open", segment, ("OK", "OK", "OK"), None),
        ("open", library, ("OK", "OK", "OK"), None),
        ("open", aludel.directory / "nowhere", ("ENOENT", "ENOENT", "ENOENT"), None),  # names are no secret
        ("write", "/dev/null", ("OK", "OK", "OK"), None),
        ("write", own, ("OK", "OK", "OK"), None),
        ("unlink", own, ("OK", "OK", "OK"), None),
        ("temporary", None, ("OK", "OK", "OK"), None),
        ("pipe", None, ("OK", "EPERM", "EPERM"), "mknod"),
        ("write", new, ("OK", "EACCES", "EACCES"), f"openat of {new}"),
        ("write", segment, ("OK", "EACCES", "EACCES"), f"openat of {segment}"),
        ("write", aludel.directory / "log" / "tip", ("OK", "EACCES", "EACCES"), "openat of "),
        ("map", "/log/", ("EACCES", "EACCES", "EACCES"), None),
        ("mkdir", made, ("OK", "EACCES", "EACCES"), f"mkdir of {made}"),
        ("chmod", outside, ("OK", "EPERM", "EPERM"), f"chmod of {outside}"),
        ("write", library, (None, "EACCES", "EACCES"), f"openat of {library}"),
        ("unlink", library, (None, "EACCES", "EACCES"), f"unlink of {library}"),
        ("link", f"{library} {own}", (None, "EXDEV", "EXDEV"), None),
        ("chmod_opened", library, (None, "EPERM", "EPERM"), None),
        ("cut", outside, ("OK", "EPERM", "EPERM"), f"openat of {outside}"),
        ("unlink", doomed, ("OK", "EACCES", "EACCES"), f"unlink of {doomed}"),
    ]
    for level in LEVELS:
        in_its_place(aludel, level, table)
        if level == "off":
            new.unlink()
            made.rmdir()


@contextlib.contextmanager
def other_code(aludel):
    """A plugin that shows that it was loaded in the processor's own folder, which no sandbox denies it."""
    trace = aludel.directory / "processors" / "x" / "other-code-ran"
    os.environ["ALUDEL_REACHES_OUT_TO"] = str(trace)
    try:
        yield f"{FACTS['bad']}/bad_reaches_out.so", trace
    finally:
        del os.environ["ALUDEL_REACHES_OUT_TO"]


def of_the_host(aludel, name):
    """A file that the host makes for the processor, where it is, and where earlier hosts had it."""
    return sorted({aludel.directory / "processors" / "x" / name, *aludel.directory.rglob(name)})


def test_what_commands_go_by_is_out_of_a_handlers_reach(aludel):
    for level in LEVELS[1:]:
        configure(aludel, level, 'strategy = "dead_letter"')
        with other_code(aludel) as (other, trace):
            with aludel.host():
                until(aludel.processor, "the processor to be started")
                specs = of_the_host(aludel, "processor.json")
                spec = json.loads(next(path for path in specs if path.exists()).read_text())
                forged = aludel.directory / "processors" / "x" / "forged"
                forged.write_text(json.dumps({**spec, "sandbox": 0, "sha256": "", "library": other}))
                attempt(aludel, [("replace", f"{forged} {path}") for path in specs])
                aludel.append("fail")
                until(lambda: aludel.json("dlq", "list"), "a dead letter")
            # Now nothing else says what it is to run.
            aludel.configure(f'[processor.y]\nplugin = "{FACTS["tally"]}"\n')
            for command, status in [
                (("processor", "pause", "x"), 0),
                (("processor", "resume", "x"), 0),
                (("processor", "skip", "x"), 2),
                (("dlq", "replay", "x", "--all"), 1),
                (("dlq", "discard", "x", "--all"), 0),
                (("processor", "reset", "x"), 0),
            ]:
                aludel.run(*command, status=status)
                assert not trace.exists(), (level, command)


def test_the_code_that_a_processor_runs_is_out_of_its_reach(aludel):
    for level in LEVELS[1:]:
        configure(aludel, level)
        with other_code(aludel) as (other, trace), aludel.host() as host:
            until(host.children, "the processor to be started")
            attempt(aludel, [("replace", f"{other} {path}") for path in of_the_host(aludel, "plugin-1.so")])
            before = host.children()
            os.kill(before[0], signal.SIGKILL)
            until(lambda: host.children() not in ([], before), "the processor to be started again")
            equal(attempt(aludel, [("kill_itself", None)]), ["OK"])
            assert not trace.exists(), level


def test_network(aludel):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        table = [
            ("connect", port, ("OK", "EPERM", "EPERM"), "socket; network = true would allow TCP and UDP"),
            ("connect_unix", aludel.socket, ("OK", "EPERM", "EPERM"), "socket\n"),
        ]
        for level in LEVELS:
            check(aludel, level, table)
        allowed = [
            ("connect", port, (None, "OK", "OK"), None),
            ("connect_unix", aludel.socket, (None, "EPERM", "EPERM"), "socket\n"),
        ]
        for level in LEVELS[1:]:
            check(aludel, level, allowed, "network = true")


def test_processes(aludel):
    table = [
        ("exec", "/bin/true", (None, "EPERM", "EPERM"), "execve of /bin/true"),
        ("fork", None, ("OK", "EPERM", "EPERM"), "clone"),
        ("spawn", "/bin/true", ("OK", "EPERM", "EPERM"), "clone"),
        ("ptrace", None, (None, "EPERM", "EPERM"), "ptrace"),
        ("kill", None, ("OK", "EPERM", "EPERM"), "kill"),
        ("kill_itself", None, ("OK", "OK", "OK"), None),
        ("outlive", None, ("OK", "EPERM", "EPERM"), "prctl"),
        ("type", "/dev/null", ("ENOTTY", "EPERM", "EPERM"), "ioctl"),
        ("share", None, (None, "EPERM", "EPERM"), "shmget"),
        ("call", 100_000, ("ENOSYS", "ENOSYS", "ENOSYS"), None),
    ]
    for level in LEVELS:
        check(aludel, level, table)


def test_what_others_have_in_proc_is_kept_back(aludel):
    for level in LEVELS[1:]:
        configure(aludel, level)
        with aludel.host() as host:
            secret = f"/proc/{host.process.pid}/environ"
            equal(attempt(aludel, [("open", secret), ("open", "/proc/self/environ")]), ["EACCES", "OK"])
            _, log = host.end()
        holds(log, f"openat of {secret}")


def test_the_environment_is_clean_at_every_level(aludel):
    names = ["SECRET_OF_THE_HOST", "ALUDEL_WORD", "PATH", "TMPDIR", "ASAN_OPTIONS"]
    os.environ.update(SECRET_OF_THE_HOST="x", ALUDEL_WORD="x", ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", ""))
    try:
        for level in LEVELS:
            configure(aludel, level)
            with aludel.host():
                equal(attempt(aludel, [("environment", name) for name in names]), ["ENOENT", "OK", "OK", "OK", "OK"])
    finally:
        del os.environ["SECRET_OF_THE_HOST"], os.environ["ALUDEL_WORD"]


def test_what_is_tried_in_a_loop_is_told_some_times(aludel):
    configure(aludel, "basic")
    with aludel.host() as host:
        equal(attempt(aludel, [("kill", None)] * 30), ["EPERM"] * 30)
        _, log = host.end()
    equal(log.count(': kill\n'), 9)
    equal(log.count(': kill; no more of this call are told\n'), 1)


def test_handlers_that_keep_to_themselves_work_in_the_strictest(aludel):
    strict = 'sandbox = "strict"\n'
    # A sort of some megabytes, which SQLite may take to a temporary file.
    sort = ("with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000) insert into seen "
            "select :id, word from (select printf('%060d', i) as word from n order by word desc limit 1 offset 99999)")
    sql = ('config = { migrations = ["create table seen (id integer primary key, word text)"], '
           f'on = [{{ types = ["sort"], sql = "{sort}" }}] }}')
    aludel.configure(f'[processor.ledger]\nplugin = "{FACTS["ledger"]}"\n{strict}[processor.tally]\n'
                     f'plugin = "{FACTS["tally"]}"\n{strict}[processor.sql]\nplugin = "{FACTS["sql"]}"\n{strict}{sql}\n')
    aludel.append_events(*({"type": "deposit", "subject": "1", "data": {"account": 1, "amount": 5}} for _ in range(500)),
                         {"type": "sort"})
    log = aludel.drain()
    assert "denied" not in log, log
    equal(aludel.json("query", "ledger", "select balance from accounts"), [{"balance": 2500}])
    equal(aludel.json("query", "sql", "select word + 0 as n from seen"), [{"n": 1}])
    aludel.run("processor", "reset", "ledger")
    aludel.run("processor", "pause", "tally")
    with aludel.host() as host:
        until(lambda: aludel.processor("ledger")["cursor"] == 500, "the ledger to be made anew")
        aludel.run("processor", "resume", "tally")
        aludel.run("backup", aludel.directory / "backups")
        _, log = host.end()
    assert "denied" not in log, log
    equal(aludel.json("verify")["faults"], [])


def without_landlock(aludel, *arguments):
    done = subprocess.run([FACTS["without_landlock"], *aludel.command(*arguments)], capture_output=True, text=True,
                          timeout=LIMIT)
    return done.returncode, done.stdout, done.stderr


def test_a_kernel_that_lacks_a_part_is_told_and_only_the_strictest_is_refused(aludel):
    lack = "Landlock: files are not guarded"
    outside = aludel.directory / "outside"
    aludel.append_events({"type": "write", "subject": str(outside)}, {"type": "kill"})
    configure(aludel, "basic", f'[processor.y]\nplugin = "{FACTS["tally"]}"\nsandbox = "off"')
    status, _, log = without_landlock(aludel, "run", "--drain")
    equal(status, 0)
    equal(log.count(f"warning sandboxes lack a part on this kernel: {lack}\n"), 1)
    holds(log, 'x| denied by sandbox = "basic": kill')
    equal([row["result"] for row in aludel.json("query", "x", "select result from tried order by id")], ["OK", "EPERM"])
    _, text, _ = without_landlock(aludel, "status")
    holds(text, f"x sandbox: basic, without {lack}\ny sandbox: off\n")
    _, text, _ = without_landlock(aludel, "--json", "status")
    x, y = (p["sandbox"] for p in json.loads(text)["processors"])
    equal((x, y), ({"level": "basic", "missing": [lack]}, {"level": "off", "missing": []}))

    configure(aludel, "strict")
    status, _, log = without_landlock(aludel, "run", "--drain")
    equal(status, 1)
    holds(log, f'x (refused: no_sandbox: enter sandbox = "strict": this kernel lacks {lack}; use another kernel, or '
               '"basic", which does without')


def test_status_tells_of_a_processor_without_a_sandbox(aludel):
    aludel.append("t")
    configure(aludel, "strict", 'isolation = "thread"')
    holds(aludel.run("status"), 'x sandbox: off, without a process of its own: isolation = "thread"\n')
    holds(aludel.drain(), 'warning x: sandbox of [processor.x] has no effect: isolation = "thread"')
    configure(aludel, "basic")
    equal(aludel.processor()["sandbox"]["level"], "basic")


if __name__ == "__main__":
    main(globals())
