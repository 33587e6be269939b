# SPDX-License-Identifier: MIT
"""What the rows of the bench share: running programs in turns, and what comes of it."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import time


class Void(Exception):
    """A result that does not add up: there is no figure then."""


def require(holds, what):
    if not holds:
        raise Void(what)


class Bench:
    """The programs, a scratch directory on the disk that is measured, and how much is to be done."""

    def __init__(self, build, bank, scratch, rounds, smoke):
        self.build, self.scratch, self.rounds, self.smoke = build, scratch, rounds, smoke
        self.bank = subprocess.run(["zstd", "-dcq", bank], capture_output=True, check=True).stdout
        self.aludel = build / "host" / "aludel"
        self.made = 0
        self.backlogs = {}

    def size(self, full, tiny):
        return tiny if self.smoke else full

    def fresh(self, name):
        """A path that nothing is at."""
        self.made += 1
        return self.scratch / f"{name}-{self.made}"

    def plugin(self, name):
        return self.build / "tests" / "bench" / f"libbench_{name}.so"

    def program(self, name, *arguments):
        """What a program of the bench prints."""
        command = [self.build / "tests" / "bench" / name, *arguments]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        require(done.returncode == 0, f"{name} {arguments[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def yardstick(self, *arguments):
        return self.program("yardsticks", *arguments)

    def log_paths(self, *arguments):
        return self.program("log_paths", *arguments)

    def in_turns(self, *deeds):
        """The results of each deed, a list each: all deeds in each round."""
        results = [[] for _ in deeds]
        for _ in range(self.rounds):
            for deed, kept in zip(deeds, results):
                kept.append(deed())
        return results


    def backlog(self, events, keys=0, types=1, order="runs"):
        """An installation whose log has so many events; one for all rows that ask for the same."""
        wanted = (events, keys, types, order)
        if wanted not in self.backlogs:
            made = Installation(self)
            told = self.log_paths("fill", made.directory / "log", *wanted)
            require(told["events"] >= events, f"a backlog of {told['events']} events")
            self.backlogs[wanted] = made
        self.backlogs[wanted].forget()
        return self.backlogs[wanted]


class Installation:
    """A data directory with processors, and the real host on it."""

    def __init__(self, bench):
        self.bench = bench
        self.directory = bench.fresh("data")
        self.directory.mkdir(mode=0o700)

    def configure(self, processors):
        """@param processors a table for each name: plugin, and more"""
        lines = []
        for name, settings in processors.items():
            lines.append(f"[processor.{name}]")
            lines += [f"{key} = {value if key == 'config' else json.dumps(value)}" for key, value in settings.items()]
        (self.directory / "aludel.toml").write_text("\n".join(lines) + "\n")

    def forget(self):
        """As if no processor had ever run."""
        shutil.rmtree(self.directory / "processors", ignore_errors=True)

    def command(self, *arguments):
        return [str(self.bench.aludel), "--data", str(self.directory), *[str(part) for part in arguments]]

    def run(self, *arguments, **options):
        """(seconds, what it printed)"""
        began = time.monotonic()
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, **options)
        taken = time.monotonic() - began
        require(done.returncode == 0, f"aludel {arguments[0]}: {done.stderr.strip()}")
        return taken, done.stdout

    def drain(self):
        """Seconds in which a host does all there is to do, its start and end included."""
        return self.run("run", "--drain", "--log-level", "error")[0]

    @contextlib.contextmanager
    def host(self, processors):
        """The process id of a host that runs until the end of the block, all of whose processors are waiting."""
        with open(self.directory / "host.log", "a") as log:
            host = subprocess.Popen(self.command("run", "--log-level", "error"), stdout=subprocess.DEVNULL, stderr=log)
        try:
            deadline = time.monotonic() + 120
            while True:
                require(host.poll() is None and time.monotonic() < deadline, "the host did not come up")
                if (self.directory / "aludel.sock").exists():
                    told = json.loads(self.run("--json", "status")[1])["processors"]
                    if len(told) == processors and all(one["state"] == "waiting" and one["lag"] == 0 for one in told):
                        break
                time.sleep(0.05)
            yield host.pid
        finally:
            host.terminate()
            host.wait()

    def query(self, processor, sql):
        path = self.directory / "processors" / processor / "projection.db"
        database = sqlite3.connect(f"file:{os.path.realpath(path)}?mode=ro", uri=True)
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over the host's socket."""

    def __init__(self, path):
        super().__init__("aludel", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def median(values):
    return statistics.median(values)


def verdict(good):
    return "met" if good else "missed"


def per_second(count):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.2f} {unit}/s"
    return f"{count:.0f}/s"
