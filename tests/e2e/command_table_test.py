#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command in every state of a processor: the table of docs/error-handling.md, end to end.

Each state has a host of its own, in which there is a processor for each command, named like it. All see the same four
events: 0 is good; 1 becomes a dead letter, which a replay handles; 2 is what makes the state; 3 is good again.
"""

import contextlib
import json
import pathlib
import sqlite3
import subprocess

from harness import FACTS, LIMIT, equal, holds, main, until

COMMANDS = ["pause", "resume", "skip", "reset", "replay", "discard", "remove"]

# Of each state: what becomes of a transient failure, and what event 2 does.
MAKERS = {
    "running": ("fail_fast", {"does": "wait", "writes": True}),  # in a call that takes a while
    "waiting": ("fail_fast", {}),
    "retrying": ("retry", {"does": "retry"}),
    "paused": ("fail_fast", {"does": "retry"}),  # it was stopped
    "stopped": ("fail_fast", {"does": "retry"}),
    "hanging": ("fail_fast", {"does": "wait", "writes": True}),  # in a call that takes over 10 s
    "refused": ("fail_fast", {}),  # by its handler, with a later host
    "crashed": ("fail_fast", {}),  # in its handler's start, with a later host
    "diverged": ("fail_fast", {}),  # the log was replaced
    "no host": ("fail_fast", {"does": "retry"}),  # it was stopped
}

# What each command makes of each state: as the page says it, then the state and the cursor that follow in the end. None:
# as before. "refused" is said by a command that is refused; one that is given to a processor that hangs is kept, and applied
# once the call has returned.
AFTER = {
    "pause": {
        "running": ("paused", ("paused", 2)), "waiting": ("paused", ("paused", 3)), "retrying": ("paused", ("paused", 1)),
        "paused": ("no change", ("paused", 1)), "stopped": ("paused", ("paused", 1)), "hanging": ("paused", ("paused", 2)),
        "refused": ("paused", ("paused", 3)), "crashed": ("paused", ("paused", 3)), "diverged": ("paused", ("paused", 3)),
        "no host": ("paused", ("paused", 1))},
    "resume": {
        "running": ("no change", ("waiting", 3)), "waiting": ("no change", ("waiting", 3)),
        "retrying": ("tries again now", ("retrying", 1)), "paused": ("goes on", ("stopped", 1)),
        "stopped": ("tries again", ("stopped", 1)), "hanging": ("no change", ("waiting", 3)),
        "refused": ("tries again", ("refused", 3)), "crashed": ("tries again", ("crashed", 3)),
        "diverged": ("refused", ("diverged", 3)),
        "no host": ("tries again with a host", ("offline", 1))},
    "skip": {
        "running": ("refused", ("waiting", 3)), "waiting": ("refused", ("waiting", 3)),
        "retrying": ("goes on behind it", ("waiting", 3)), "paused": ("stays, behind it", ("paused", 2)),
        "stopped": ("goes on behind it", ("waiting", 3)), "hanging": ("refused", ("waiting", 3)),
        "refused": ("refused", ("refused", 3)), "crashed": ("refused", ("crashed", 3)), "diverged": ("refused", ("diverged", 3)),
        "no host": ("stays, behind it", ("offline", 2))},
    "reset": {
        "running": ("begins anew", ("waiting", 3)), "waiting": ("begins anew", ("waiting", 3)),
        "retrying": ("begins anew", ("retrying", 1)), "paused": ("stays, at its beginning", ("paused", -1)),
        "stopped": ("begins anew", ("stopped", 1)), "hanging": ("begins anew", ("waiting", 3)),
        "refused": ("begins anew", ("refused", -1)), "crashed": ("begins anew", ("crashed", -1)),
        "diverged": ("begins anew", ("waiting", 3)),
        "no host": ("stays, at its beginning", ("offline", -1))},
    "replay": {state: ("kept" if state in ("refused", "crashed", "diverged") else "replays", None) for state in MAKERS},
    "discard": {state: ("discards", None) for state in MAKERS},
    "remove": {state: ("removed" if state == "no host" else "refused", None) for state in MAKERS},
}
# Where a call is in flight, the processor goes on when it has returned.
SETTLED = {"running": ("waiting", 3), "waiting": ("waiting", 3), "retrying": ("retrying", 1), "paused": ("paused", 1),
           "stopped": ("stopped", 1), "hanging": ("waiting", 3), "refused": ("refused", 3), "crashed": ("crashed", 3),
           "diverged": ("diverged", 3), "no host": ("stopped", 1)}
WAITS_FOR = {"running": "-", "waiting": "events", "retrying": "attempt 2 at ", "paused": "processor resume ",
             "stopped": "processor resume ", "hanging": "its call",
             "refused": "a new start of the host", "crashed": "processor resume ", "diverged": "processor reset ",
             "no host": "processor resume "}
DONE = {"pause": "paused pause", "resume": "resumed resume", "skip": "skipped in skip: event 2", "reset": "reset reset: 1 dead letter was discarded",
        "replay": "replayed 1 dead letter", "discard": "discarded 1 dead letter"}


class State:
    """A host, if the state has one, whose processors are all in this state."""

    def __init__(self, aludel, name):
        self.name = name
        directory = aludel.directory / name.replace(" ", "-")
        directory.mkdir()
        self.aludel = type(aludel)(directory)
        self.gate = directory / "gate"
        self.processors = list(COMMANDS)
        self.configure()
        _, maker = MAKERS[name]
        self.events = [{}, {"does": "fail", "until": 1}, maker | {"for": str(self.gate)}, {}]

    def configure(self, config=""):
        on_retry, _ = MAKERS[self.name]
        self.aludel.configure("".join(
            f'[processor.{p}]\nplugin = "{FACTS["planned"]}"\nbatch_size = 1\ntimeout = "1h"\nstrategy = "dead_letter"\n'
            f'on = {{ retry = "{on_retry}" }}\nretry = {{ initial_delay = "1h", max_delay = "1h" }}\n{config}' for p in self.processors))

    def wait_for_all(self, state, cursor):
        until(lambda: all(self.state_of(p) == (state, cursor) for p in COMMANDS), f"all to be {state} at {cursor}")

    def start_host(self, stack):
        self.host = stack.enter_context(self.aludel.host())
        self.wait_for_all("waiting", -1)
        self.aludel.append_events(*({"type": "plan", "data": event} for event in self.events))

    def begin_with_another(self, stack):
        """A host that finds another config, or another log."""
        if self.name in ("refused", "crashed"):
            self.configure('config = { in = "%s" }\n' % ("create" if self.name == "refused" else "start"))
        else:
            for file in (self.aludel.directory / "log").iterdir():
                file.unlink()
            self.aludel.append_events(*({"type": "plan", "data": event} for event in self.events))
        self.host = stack.enter_context(self.aludel.host())

    def settle(self, stack):
        """Waits until all are in the state."""
        if self.name == "running":
            return self.wait_for_all("running", 1)
        if self.name == "paused":
            self.wait_for_all("stopped", 1)
            for processor in COMMANDS:
                self.aludel.run("processor", "pause", processor)
        if self.name == "no host":
            self.wait_for_all("stopped", 1)
            equal(self.host.end()[0], 0)
        if self.name in ("refused", "crashed", "diverged"):
            self.wait_for_all("waiting", 3)
            equal(self.host.end()[0], 0)
            self.begin_with_another(stack)
        self.wait_for_all(*(("hanging", 1) if self.name == "hanging" else SETTLED[self.name]))

    def state_of(self, processor):
        told = self.aludel.processor(processor)
        return told["state"], -1 if told["cursor"] is None else told["cursor"]

    def file(self, processor, name):
        return self.aludel.directory / "processors" / processor / name

    def rows(self, processor, sql, name="projection.db"):
        with contextlib.closing(sqlite3.connect(f"file:{self.file(processor, name)}?mode=ro", uri=True)) as database:
            return database.execute(sql).fetchall()

    def start(self, command, *options):
        group = ["dlq"] if command in ("replay", "discard") else ["processor"]
        every = ["--all"] if command in ("replay", "discard") else []
        return subprocess.Popen(self.aludel.command(*options, *group, command, command, *every), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def given(self, command):
        """How many commands were posted to the processor, the paused state's own not counted."""
        file = self.file(command, "control.db")
        posted = self.rows(command, "select count(*) from command", "control.db")[0][0] if file.exists() else 0
        return posted - (self.name == "paused")

    def applied(self, command):
        """What came of the commands given: [(finished, refused, succeeded, failed)]."""
        own = 1 if self.name == "paused" else 0
        return self.rows(command, f"select finished, refused, succeeded, failed from _aludel_command where id > {own} order by id")


def finish(process):
    out, err = process.communicate(timeout=LIMIT)
    return process.returncode, out, err


def check_answer(state, command, as_json, answer):
    status, out, err = answer
    says, _ = AFTER[command][state.name]
    if says == "refused":
        why = "it stands at no event: only one that has failed can be skipped"
        if command == "resume":
            why = state.aludel.processor(command)["error"]["message"]
            holds(why, "restore the log and the processors of one backup, or reset the processor")
        if state.name == "crashed":
            why = "it crashed at no event that a skip could pass: a new version of the handler or another `timeout` helps"
        equal((status, out, err), (2, "", f'aludel: {command} processor "{command}": {why}\n'))
        return
    if says == "kept":
        why = state.aludel.processor(command)["error"]["message"]
        kept = "command 1 is kept, and applied once it can be"
        said = [f'aludel: processor "{command}" is {state.name}: {why}; {kept}\n']
        if state.name == "crashed":  # on a slow machine the command does not wait until it has died often enough
            said += [f'aludel: processor "{command}" is retrying: {why.removeprefix("died 5 times without progress: ")}; {kept}\n']
        holds(said, err)
        equal((status, out), (1, ""))
        return
    equal((status, err), (0, ""))
    if not as_json:
        already = ": it was paused already" if (command, state.name) == ("pause", "paused") else ""
        nothing = command == "resume" and says == "no change"
        equal(out, "resume: it was not paused or stopped\n" if nothing else DONE[command] + already + "\n")
    elif command in ("replay", "discard"):
        equal(json.loads(out), {"succeeded": 1, "failed": 0, "message": ""})
    else:
        told = json.loads(out)
        equal((set(told), told["processor"]), ({"processor", "message"}, command))
        holds(DONE[command], told["message"] if command == "reset" else "")


def check_effect(state, command):
    """What is durable in the end, and that the command was applied once."""
    says, after = AFTER[command][state.name]
    expected = after or SETTLED[state.name]
    until(lambda: state.state_of(command) == expected, f"{expected}, not {state.state_of(command)}")
    equal(state.given(command), 1)
    kept = says == "kept"
    succeeds = 1 if command in ("replay", "discard", "reset") and not kept else 0
    equal(state.applied(command), [(not kept, says == "refused", succeeds, 0)])
    cursor = expected[1]
    good = [0, 3] if "retry" in MAKERS[state.name][1].values() else [0, 2, 3]
    seen = [id for id in good if id <= cursor] + ([1] if command == "replay" and not kept else [])
    table = state.rows(command, "select 1 from sqlite_schema where name = 'seen'")
    equal([id for (id,) in state.rows(command, "select id from seen order by id")] if table else [], sorted(seen))
    letters = {"replay": ["replaying" if kept else "replayed"], "discard": ["discarded"],
               "reset": ["discarded"] + (["dead"] if cursor >= 1 else [])}.get(command, ["dead"])
    equal([l for (l,) in state.rows(command, "select state from _aludel_letter order by id")], letters)
    told = state.aludel.processor(command)
    equal((told["handled"], told["dead_letters"]), (len(seen), letters.count("dead") + letters.count("replaying")))
    equal(told["skipped"], 1 if command == "skip" and says != "refused" else 0)


def check_list(state):
    listed = [line.split(None, 4) for line in state.aludel.run("processor", "list").splitlines()[1:len(COMMANDS) + 1]]
    shown = "stopped" if state.name == "no host" else state.name
    equal(sorted((name, told) for name, told, *_ in listed), sorted((name, shown) for name in COMMANDS))
    for name, *_, waits_for in listed:
        expected = WAITS_FOR[state.name]
        holds(waits_for, expected + name if expected.startswith("processor ") else expected)
    processors = state.aludel.json("processor", "list")
    equal({p["state"] for p in processors}, {shown})
    assert {"name", "state", "cursor", "lag", "error"} <= set(processors[0]), processors[0]


def check_remove(state):
    """Refused while the config names it, and while a host has it; its open letters must be meant."""
    status, out, err = finish(state.start("remove", "--json"))
    equal((status, out), (2, ""))
    holds(err, "still names it: take [processor.remove] out first")
    state.processors.remove("remove")
    state.configure()
    status, out, err = finish(state.start("remove", "--json"))
    if state.name != "no host":
        equal((status, out), (3, ""))
        holds(err, "the host that runs has it still")
        assert state.file("remove", "projection.db").exists()
        return
    equal((status, out), (2, ""))
    export = f"aludel --data {state.aludel.directory} dlq export remove"
    holds(err, f"it has 1 open dead letter: export them (`{export}`), then remove it --with-letters")
    equal(json.loads(state.aludel.run("--json", "processor", "remove", "remove", "--with-letters")), {"processor": "remove"})
    assert not state.file("remove", "").exists()
    holds(state.aludel.run("processor", "remove", "remove", status=2)[1], 'there is no processor "remove"')


def check_state(state):
    """All commands at once, every other one with --json; each to a processor of its own."""
    check_list(state)
    check_remove(state)
    commands = [command for command in COMMANDS if command != "remove"]
    as_json = {command: (number + len(state.name)) % 2 == 0 for number, command in enumerate(commands)}
    processes = {command: state.start(command, *(["--json"] if as_json[command] else [])) for command in commands}
    if state.name == "hanging":
        equal(state.host.log().count(": handle of event 2 has taken over 10s\n"), len(COMMANDS))
        for command, process in processes.items():
            status, out, err = finish(process)
            kept = "command 1 is kept, and applied once it can be"
            equal((status, out, err), (1, "", f'aludel: processor "{command}" hangs in a call of its handler; {kept}\n'))
            equal((state.given(command), state.applied(command)), (1, []))
    if state.name == "running":
        until(lambda: all(state.given(command) == 1 for command in commands), "the commands to be posted")
    state.gate.touch()
    for command, process in processes.items():
        try:
            if state.name != "hanging":
                check_answer(state, command, as_json[command], finish(process))
            check_effect(state, command)
        except AssertionError as failure:
            raise AssertionError(f"{command} of one that is {state.name}: {failure}") from failure


def test_every_command_in_every_state(aludel):
    states = {name: State(aludel, name) for name in MAKERS}
    with contextlib.ExitStack() as stack:
        # It takes 10 s until a call hangs: the others have their turn meanwhile.
        hanging = states.pop("hanging")
        hanging.start_host(stack)
        for state in states.values():
            state.start_host(stack)
            state.settle(stack)
            check_state(state)
        hanging.settle(stack)
        check_state(hanging)


def test_the_page_has_the_table(aludel):
    page = pathlib.Path(__file__).parents[2] / "docs" / "error-handling.md"
    lines = page.read_text().splitlines()
    for command, row in AFTER.items():
        cells = [f"kept, then: {row[s][0]}" if s == "hanging" and command != "remove" else row[s][0] for s in MAKERS]
        line = f"| `{command}` | " + " | ".join(cells) + " |"
        assert line in lines, line


if __name__ == "__main__":
    main(globals())
