# SPDX-License-Identifier: MIT
"""A packed store: how it is opened, and what is looked at in it."""

import hashlib
import json
import os
import tarfile

from harness import FACTS, equal

PLUGINS = ["ledger", "unruly", "planned", "chain"]
GATE = "store-gate"  # in the folder that the host runs in; what waits for it goes on once it is there
QUERIES = {
    "ledger": "select json_group_array(json_array(account, balance)) as accounts, (select count(*) from entries) as entries "
              "from (select * from accounts order by account)",
    "x": "select json_group_array(json_array(id, type)) as seen from (select * from seen order by id)",
    "planned": "select json_group_array(id) as seen from (select * from seen order by id)",
    "chain": "select json_group_array(id) as seen from (select * from seen order by id)",
}


def config(more="", log=""):
    """With the plugins of this build."""
    return f"""
[log]
segment_size = "8MiB"
{log}
[processor.ledger]
plugin = "{FACTS["ledger"]}"
strategy = "dead_letter"
[processor.x]
plugin = "{FACTS["unruly"]}"
strategy = "dead_letter"
replay = {{ strategy = "fixed", max_retries = 1, initial_delay = "20ms", min_age = "1ms", check_interval = "1ms" }}
[processor.planned]
plugin = "{FACTS["planned"]}"
strategy = "dead_letter"
[processor.chain]
plugin = "{FACTS["chain"]}"
types = ["link.0"]
config = {{ emits = "link.1" }}
{more}
"""


# Of an event: what later versions add to their output is no part of a store.
MEMBERS = ["position", "id", "source", "type", "subject", "time", "datacontenttype", "data", "data_base64", "trace", "aludelcause",
           "aludeldepth"]


def holds_all(found, expected, where=""):
    """That all that is expected is there; more may be."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in found, f"{where}: no {key!r} in {found!r}"
            holds_all(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), f"{where}: {len(found)} instead of {len(expected)}: {found!r}"
        for number, value in enumerate(expected):
            holds_all(found[number], value, f"{where}[{number}]")
    else:
        assert found == expected, f"{where}: {found!r} instead of {expected!r}"


def look(aludel):
    """All that a reader sees, but for what tells the present."""
    events = [json.loads(line) for line in aludel.run("log").splitlines()]
    log = json.dumps([[event.get(member) for member in MEMBERS] for event in events])
    status = aludel.json("status")
    for processor in status["processors"]:
        processor.pop("error")
        processor.pop("attempt")
    status["log"].pop("bytes")
    letters = aludel.run("dlq", "export", "--all")
    return {
        "events": len(events),
        "log": hashlib.sha256(log.encode()).hexdigest(),
        "status": status,
        "letters": [json.loads(line) for line in letters.splitlines()],
        "rows": {name: aludel.json("query", name, sql) for name, sql in QUERIES.items()},
    }


def go_on(aludel):
    """Runs the processors until nothing is left to do, and tells what is there then, without times of it."""
    aludel.configure(config())
    os.chdir(aludel.directory)
    (aludel.directory / GATE).touch()
    aludel.run("processor", "resume", "ledger")
    aludel.drain()
    status = aludel.json("status")
    emitted = [json.loads(line) for line in aludel.run("log", "--type", "link.1").splitlines()]
    return {
        "log": {key: status["log"][key] for key in ("events", "first")},
        "processors": [{key: p[key] for key in ("name", "state", "cursor", "handled", "skipped", "dead_letters", "emits_pending",
                                                "commands_kept")} for p in status["processors"]],
        "letters": [[l["processor"], l["id"], l["event_id"], l["state"]] for l in aludel.json("dlq", "list", "--all")],
        "emitted": [[event["data"], event["aludelcause"]] for event in emitted],
        "rows": {name: aludel.json("query", name, sql) for name, sql in QUERIES.items()},
    }


def again(aludel):
    """A producer that the store knows sends what it has sent, and an event more."""
    told = aludel.append_events(*bank_events(), {"type": "other"}, producer="bank")
    equal((told["duplicates"], told["count"]), (len(bank_events()), 1))


def bank_events():
    moves = [("deposit", account, 100 * account) for account in range(1, 8)]
    moves += [("withdrawal", account, 150 * account if account % 3 == 0 else 40) for account in range(1, 8)]
    return [{"type": kind, "subject": str(account), "source": "/bank", "time": f"2026-01-0{account}T12:00:00.5Z", "trace": f"t{account}",
             "data": {"account": account, "amount": amount}} for kind, account, amount in moves]


def pack(directory, file):
    """What a folder holds, but for what speaks of processes."""
    def keep(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        gone = ("lock", "tip", "page", "aludel.sock", GATE)
        name = os.path.basename(entry.name)
        return None if name in gone or name.endswith("-shm") or name == "aludel.toml" else entry

    with tarfile.open(file, "w:xz", preset=9) as tar:
        for name in "log", "processors":
            tar.add(directory / name, arcname=name, filter=keep)


def unpack(file, directory):
    with tarfile.open(file) as tar:
        tar.extractall(directory)
