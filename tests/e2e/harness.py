# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: the real program on a data directory of its own, and waiting for conditions.

A test file holds functions test_...(aludel); `main` gives each a fresh directory. Nothing sleeps for a guessed time:
`until` waits for a condition, with a limit.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

LIMIT = 60  # seconds that any single thing may take, on a slow machine under a sanitizer
FACTS = {}  # what the command line gave: the program, plugins and files that a test needs


def until(condition, what):
    """The first true value of condition(), asked again and again."""
    deadline = time.monotonic() + LIMIT
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {LIMIT} s for {what}"
        time.sleep(0.01)


def equal(found, expected):
    assert found == expected, f"\n   found: {found!r}\nexpected: {expected!r}"


def holds(text, part):
    assert part in text, f"\n{part!r} is not in\n{text}"


def children(process):
    """The process ids of a process's children."""
    found = []
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass  # a thread that has ended meanwhile
    return found


class Host:
    """A running `aludel run`; its stderr goes to a file, so that it never blocks."""

    def __init__(self, aludel, arguments):
        self.log_file = tempfile.TemporaryFile(mode="w+", dir=aludel.directory)
        self.process = subprocess.Popen(aludel.command("run", *arguments), stdout=subprocess.DEVNULL,
                                        stderr=self.log_file)

    def log(self):
        # Opened anew: the host writes at the place that a seek would move.
        with open(f"/proc/self/fd/{self.log_file.fileno()}") as log:
            return log.read()

    def children(self):
        return children(self.process.pid)

    def end(self, how=signal.SIGTERM):
        """Signals and waits: (exit status, log)."""
        self.process.send_signal(how)
        return self.wait()

    def wait(self):
        status = self.process.wait(timeout=LIMIT)
        return status, self.log()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log_file.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("aludel", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(str(self.path))


class Aludel:
    """The program on one data directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.socket = self.directory / "aludel.sock"

    def command(self, *arguments):
        return [FACTS["program"], "--data", str(self.directory), *map(str, arguments)]

    def run(self, *arguments, stdin=None, status=0):
        """stdout of a command that must exit with `status`; if that is not 0: (stdout, stderr)."""
        done = subprocess.run(self.command(*arguments), input=stdin, capture_output=True, text=True, timeout=LIMIT)
        told = f"{' '.join(map(str, arguments))}: status {done.returncode}, expected {status}\n{done.stderr}"
        assert done.returncode == status, told
        return done.stdout if status == 0 else (done.stdout, done.stderr)

    def json(self, *arguments):
        return json.loads(self.run("--json", *arguments))

    def append(self, *types, producer=None):
        """Events of these types, in one batch."""
        return self.append_events(*({"type": t} for t in types), producer=producer)

    def append_events(self, *events, producer=None):
        """These CloudEvents, in one batch."""
        lines = "".join(json.dumps(event) + "\n" for event in events)
        return json.loads(self.run("--json", "append", "-", *(["--producer", producer] if producer else []), stdin=lines))

    def configure(self, text):
        (self.directory / "aludel.toml").write_text(text)

    def configure_unruly(self, more="", config=""):
        self.configure(f'[processor.x]\nplugin = "{FACTS["unruly"]}"\nconfig = {{ {config} }}\n{more}\n')

    def host(self, *arguments):
        """Starts a host and waits until it serves."""
        def socket():
            return self.socket.stat().st_ino if self.socket.exists() else None

        stale = socket()  # one that was killed has left it
        host = Host(self, arguments)
        until(lambda: socket() not in (None, stale) or host.process.poll() is not None, "the host to serve")
        assert host.process.poll() is None, host.log()
        return host

    def drain(self, *arguments, status=0):
        """A host that ends by itself: its log."""
        done = subprocess.run(self.command("run", "--drain", *arguments), capture_output=True, text=True, timeout=LIMIT)
        assert done.returncode == status, f"run --drain: status {done.returncode}, expected {status}\n{done.stderr}"
        return done.stderr

    def processor(self, name="x"):
        return next(p for p in self.json("status")["processors"] if p["name"] == name)

    def in_flight(self, name="x"):
        """The call that a processor's page shows: (process id, event, attempt); None: there is none."""
        page = self.directory / "processors" / name / "page"
        if not page.exists():
            return None
        words = struct.unpack_from("<13Q", page.read_bytes())
        return (words[3], words[8], words[9] >> 32) if words[12] < words[10] else None

    def wait_for_state(self, state, name="x"):
        return until(lambda: (p := self.processor(name)) and p["state"] == state and p, f"{name} to be {state}")

    def seen(self):
        """The ids of the events whose rows the unruly handler has committed; none before it has a table."""
        if not self.processor()["handled"]:
            return []
        return [row["id"] for row in self.json("query", "x", "select id from seen order by id")]

    def request(self, method, path, body=None, **headers):
        """(status, JSON) of an HTTP request; header names with _ for -."""
        connection = UnixConnection(self.socket)
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text)


def main(module_globals):
    for argument in sys.argv[1:]:
        name, value = argument.split("=", 1)
        FACTS[name] = value
    tests = [(n, f) for n, f in module_globals.items() if n.startswith("test_")]
    failed = 0
    for name, test in tests:
        with tempfile.TemporaryDirectory(prefix="aludel-e2e-") as directory:
            try:
                test(Aludel(directory))
                print(f"ok {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not tests else 0)
