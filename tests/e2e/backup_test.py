#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Backups of a folder that is at work and of one that is not, what becomes of one that is cut off, and what is restored."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading

from harness import FACTS, Aludel, equal, holds, main, until

LARGE = "x" * 3_000_000  # two of them fill a segment of the smallest size
SMALL_SEGMENTS = '[log]\nsegment_size = "8MiB"'


def append_large(aludel, count):
    aludel.append_events(*[{"type": "calm", "data": LARGE}] * count)


def segments(folder):
    return sorted(folder.joinpath("log").glob("*.seg"))


def backups(folder):
    return sorted(path for path in folder.iterdir() if path.name != "lock")


def back_up(aludel):
    return aludel.json("backup", aludel.directory / "backups")


def restore(aludel, backup, name="new"):
    """The data directory that was made of a backup, with the config of the old one."""
    new = Aludel(aludel.directory / name)
    return new, new.json("restore", backup)


def inodes(paths):
    return [path.stat().st_ino for path in paths]


def test_a_backup_is_a_data_directory_of_its_own(aludel):
    aludel.configure_unruly(SMALL_SEGMENTS)
    append_large(aludel, 7)
    aludel.append("unruly.fail", "calm")
    aludel.drain(status=1)
    before = {path: path.stat().st_mtime_ns for path in aludel.directory.rglob("*") if not path.name.endswith("-shm")}
    made = back_up(aludel)
    equal({path: path.stat().st_mtime_ns for path in before}, before)
    path = pathlib.Path(made["backup"])
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{3}Z", path.name), path
    equal((made["events"], made["first"], made["projections"], made["linked_segments"]), (9, 0, 1, 3))
    equal(made["bytes"] > made["linked_bytes"] > 0, True)
    equal(sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if not p.name.endswith(".seg")),
          ["aludel.toml", "host", "host/x", "host/x/processor.json", "log", "processors", "processors/x", "processors/x/control.db",
           "processors/x/projection-1.db", "processors/x/projection.db"])
    equal(inodes(segments(path))[:-1], inodes(segments(aludel.directory))[:-1])
    backup = Aludel(path)
    equal(backup.run("log"), aludel.run("log"))
    equal(backup.processor(), aludel.processor())
    equal(backup.seen(), aludel.seen())
    holds(backup.run("verify"), "verified 9 events")
    equal(backups(aludel.directory / "backups"), [path])


def test_a_restored_folder_goes_on_where_the_backup_was_made(aludel):
    aludel.configure_unruly(SMALL_SEGMENTS)
    append_large(aludel, 5)
    aludel.append("unruly.fail", "calm", producer="p")
    aludel.drain(status=1)
    back_up(aludel)
    new, made = restore(aludel, aludel.directory / "backups")
    equal((made["events"], made["projections"]), (7, 1))
    equal(inodes(segments(new.directory))[:-1], inodes(segments(aludel.directory))[:-1])
    equal(sorted(path.name for path in new.directory.iterdir()), ["aludel.toml", "host", "log", "processors"])
    equal(new.processor(), aludel.processor())
    new.run("processor", "skip", "x")
    append_large(new, 4)
    # What the producer has sent is known.
    equal(new.append("unruly.fail", "calm", "calm", producer="p")["duplicates"], 2)
    new.drain()
    equal(new.seen(), [0, 1, 2, 3, 4, *range(6, 12)])
    holds(new.run("verify"), "verified 12 events")
    # The backup and the old folder are what they were.
    for folder in aludel, Aludel(made["backup"]):
        holds(folder.run("verify"), "verified 7 events")
        equal(folder.processor()["cursor"], 4)


def test_a_running_host_is_backed_up_under_load_and_each_backup_is_whole(aludel):
    aludel.configure(f"""
{SMALL_SEGMENTS}
max_age = "1ms"
[processor.x]
plugin = "{FACTS["unruly"]}"
[processor.tally]
plugin = "{FACTS["tally"]}"
""")
    aludel.append("calm")
    failures, done = [], threading.Event()

    def work(step):
        try:
            while not done.is_set():
                step()
        except BaseException as failure:  # told by the test
            failures.append(failure)

    def load():
        append_large(aludel, 2)
        aludel.append_events(*[{"type": "calm", "subject": str(n)} for n in range(500)])

    def command():
        aludel.run("processor", "reset", "tally")
        aludel.run("processor", "pause", "x")
        aludel.run("processor", "resume", "x")

    with aludel.host():
        aludel.wait_for_state("waiting", "x")
        aludel.wait_for_state("waiting", "tally")
        threads = [threading.Thread(target=work, args=(step,)) for step in (load, command)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            back_up(aludel)
        until(lambda: aludel.json("status")["log"]["first"] > 0 or failures, "the log to be dropped")
        for _ in range(2):
            back_up(aludel)
        done.set()
        for thread in threads:
            thread.join()
    equal(failures, [])
    made = backups(aludel.directory / "backups")
    equal(len(made), 5)
    for number, path in enumerate(made):
        new, told = restore(aludel, path, f"new-{number}")
        equal(told["projections"], 2)
        new.run("processor", "resume", "x")  # as the pause may have come before the backup, and its end after it
        new.drain()
        for processor in new.json("status")["processors"]:
            equal((processor["state"], processor["lag"]), ("offline", 0))
        equal(new.seen(), list(range(told["first"] + told["events"])))
        shutil.rmtree(new.directory)


def test_what_is_emitted_while_a_backup_is_made_is_emitted_once_after_a_restore(aludel):
    count = 3000
    links = [f'[processor.link{n}]\nplugin = "{FACTS["chain"]}"\ntypes = ["link.{n - 1}"]\nbatch_size = 20\nconfig = {{ emits = "link.{n}" }}\n'
             for n in (1, 2, 3)]
    aludel.configure("".join(links))
    aludel.append_events(*({"type": "link.0", "data": {"n": n}} for n in range(count)))
    with aludel.host():
        made = [back_up(aludel) for _ in range(3)]
    assert made[0]["events"] < 4 * count, "it was done before the first backup"
    for number, told in enumerate(made):
        new, _ = restore(aludel, told["backup"], f"new-{number}")
        new.drain()
        for n in range(4):
            events = [json.loads(line) for line in new.run("log", "--type", f"link.{n}").splitlines()]
            assert [event["data"]["n"] for event in events] == list(range(count)), f"backup {number}, link.{n}: {len(events)} events"


def test_a_backup_that_was_cut_off_is_none_and_goes_with_the_next(aludel):
    aludel.configure_unruly(SMALL_SEGMENTS)
    append_large(aludel, 3)
    folder = aludel.directory / "backups"
    whole = back_up(aludel)["backup"]
    for _ in range(3):
        cut = subprocess.Popen(aludel.command("backup", folder), stdout=subprocess.DEVNULL)
        until(lambda: any(path.suffix == ".tmp" for path in backups(folder)) or cut.poll() is not None, "the backup to be begun")
        cut.send_signal(signal.SIGKILL)
        cut.wait()
    half = folder / "29991231T235959.999Z.tmp"
    shutil.copytree(whole, half, symlinks=True)
    for path in backups(folder):
        if path.suffix != ".tmp":
            holds(Aludel(path).run("verify"), "verified 3 events")
    _, error = Aludel(aludel.directory / "new").run("restore", half, status=3)
    holds(error, "it was cut off while it was made, and is no backup")
    new, told = restore(aludel, folder)
    assert not told["backup"].endswith(".tmp"), told
    back_up(aludel)
    equal([path for path in backups(folder) if path.suffix == ".tmp"], [])


def test_a_restore_that_was_cut_off_is_told_and_repeated(aludel):
    aludel.configure_unruly()
    aludel.append(*["calm"] * 5)
    aludel.drain()
    back_up(aludel)
    new, _ = restore(aludel, aludel.directory / "backups")
    whole = new.directory / "restore.whole"

    def refuse_all():
        for command in ["status"], ["run", "--drain"], ["append", "--type", "calm"], ["verify"], ["backup", "elsewhere"]:
            _, error = new.run(*command, status=3)
            holds(error, "a restore into it was cut off, or is under way: run `restore` again")

    def finish():
        new.run("restore", aludel.directory / "backups")
        equal(sorted(path.name for path in new.directory.iterdir()), ["aludel.toml", "host", "log", "processors"])
        equal(new.seen(), [0, 1, 2, 3, 4])

    # Cut off while it was put into place: after each of the four steps.
    steps = ["log", "aludel.toml", "host", "processors"]
    for moved in (steps[:done] for done in range(1, len(steps) + 1)):
        whole.mkdir()
        for name in moved:
            (new.directory / name).rename(whole / name)
        refuse_all()
        finish()
    # While it was made.
    for path in new.directory.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (new.directory / "restore.tmp" / "log").mkdir(parents=True)
    (new.directory / "restore.tmp" / "log" / "00000000000000000000.seg").write_bytes(b"half")
    refuse_all()
    finish()


def test_a_restore_that_is_killed_is_repeated_until_it_is_done(aludel):
    aludel.configure_unruly(SMALL_SEGMENTS)
    append_large(aludel, 6)
    aludel.drain()
    back_up(aludel)
    for number in range(5):
        new = Aludel(aludel.directory / f"new-{number}")
        cut = subprocess.Popen(new.command("restore", aludel.directory / "backups"), stdout=subprocess.DEVNULL)
        until(lambda: (new.directory / "restore.tmp" / "log").exists() or cut.poll() is not None, "the restore to be begun")
        cut.send_signal(signal.SIGKILL)
        cut.wait()
        if any((new.directory / name).exists() for name in ("restore.tmp", "restore.whole")):
            new.run("restore", aludel.directory / "backups")
        equal(sorted(path.name for path in new.directory.iterdir()), ["aludel.toml", "host", "log", "processors"])
        holds(new.run("verify"), "verified 6 events")
        equal(new.seen(), list(range(6)))


def test_a_restore_goes_into_an_unused_folder_only_and_keeps_the_config_there(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    folder = aludel.directory / "backups"
    back_up(aludel)
    _, error = aludel.run("restore", folder, status=3)
    holds(error, "is there already: name a new folder by --data")
    new = Aludel(aludel.directory / "new")
    new.directory.mkdir()
    new.configure("[host]\nlog_level = \"error\"\n")
    new.run("restore", folder)
    equal((new.directory / "aludel.toml").read_text(), "[host]\nlog_level = \"error\"\n")
    for wrong in aludel.directory / "nowhere", new.directory:
        shutil.rmtree(new.directory / "log", ignore_errors=True)
        shutil.rmtree(new.directory / "processors", ignore_errors=True)
        _, error = new.run("restore", wrong, status=2)
        holds(error, "there is no backup")
    _, error = aludel.run("backup", aludel.directory, status=3)
    holds(error, "it is a data directory or a backup itself")


def test_a_processor_of_another_moment_beside_a_restored_log_is_diverged(aludel):
    aludel.configure_unruly()
    aludel.append("calm")
    aludel.drain()
    back_up(aludel)
    aludel.append("calm", "calm")
    aludel.drain()
    new, _ = restore(aludel, aludel.directory / "backups")
    shutil.rmtree(new.directory / "processors" / "x")
    shutil.copytree(aludel.directory / "processors" / "x", new.directory / "processors" / "x", symlinks=True)
    equal(new.processor()["state"], "diverged")
    out, _ = new.run("verify", status=1)
    holds(out, "its cursor 2 lies beyond the log's last event")


def test_one_that_is_known_to_have_diverged_keeps_nothing_from_being_backed_up(aludel):
    aludel.configure_unruly('[log]\nsync = "normal"')
    aludel.append("calm")
    aludel.drain()
    back_up(aludel)
    aludel.append("calm", "calm")
    aludel.drain()
    new, _ = restore(aludel, aludel.directory / "backups")
    shutil.rmtree(new.directory / "processors" / "x")
    shutil.copytree(aludel.directory / "processors" / "x", new.directory / "processors" / "x", symlinks=True)
    # That the log is too short may be its damage, until a host has found what it is.
    _, error = new.run("backup", new.directory / "backups", status=3)
    holds(error, "processor x: its cursor 2 lies beyond the log's last event")
    new.drain(status=1)
    told = back_up(new)
    equal((told["events"], told["projections"]), (1, 0))
    equal(Aludel(told["backup"]).processor()["state"], "diverged")


def test_commands_that_wait_are_neither_lost_nor_applied_twice(aludel):
    aludel.configure_unruly()
    aludel.append("calm", "calm")
    aludel.drain()
    aludel.run("processor", "pause", "x")
    control = aludel.directory / "processors" / "x" / "control.db"
    # As given in the moment between the projection's copy and that of the commands.
    import sqlite3
    with sqlite3.connect(control) as db:
        db.execute("insert into command select id + 1, 'reset', ids, type, key, code, since_ns, until_ns, closed, dry_run from command")
    back_up(aludel)
    new, _ = restore(aludel, aludel.directory / "backups")
    equal((new.processor()["state"], new.processor()["commands_kept"]), ("paused", 1))
    new.run("processor", "resume", "x")
    new.drain()
    equal(new.json("query", "x", "select count(*) as n from seen"), [{"n": 2}])
    equal((new.processor()["handled"], new.processor()["commands_kept"]), (2, 0))


def test_a_backup_of_what_is_damaged_is_refused_and_leaves_nothing(aludel):
    aludel.configure_unruly()
    aludel.append("calm", "calm")
    aludel.append("calm")
    aludel.drain()
    folder = aludel.directory / "backups"
    segment = segments(aludel.directory)[0]
    with open(segment, "r+b") as file:
        file.seek(4096 + 200)
        file.write(b"damage")
    _, error = aludel.run("backup", folder, status=3)
    holds(error, f"copy {aludel.directory}: the copy is not good: ")
    holds(error, f"{segment.name} at byte 4096: the checksum of the block's events is wrong")
    equal(backups(folder), [])


def test_two_backups_into_one_folder_do_not_meet(aludel):
    aludel.append("calm")
    folder = aludel.directory / "backups"
    folder.mkdir()
    import fcntl
    import struct
    with open(folder / "lock", "w+b") as lock:
        fcntl.fcntl(lock, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))  # F_OFD_SETLK
        _, error = aludel.run("backup", folder, status=3)
        holds(error, "holds it")
    back_up(aludel)
    first, second = back_up(aludel)["backup"], back_up(aludel)["backup"]
    assert first < second


if __name__ == "__main__":
    main(globals())
