# SPDX-License-Identifier: MIT
"""A host that runs goes over to new versions of a plugin, or stays with the one that it has."""

import hashlib
import os
import pathlib
import signal
import subprocess

from harness import FACTS, equal, holds, main, until
from reloaded import configure, overwrite, plugin, reload, rename, seen, version


def copies(aludel):
    return sorted(path.name for path in (aludel.directory / "host" / "x").glob("plugin-*.so"))


def handled(aludel, count):
    """Waits until so many events are."""
    until(lambda: aludel.processor()["handled"] == count, f"{count} events to be handled")


def test_a_file_that_is_overwritten_in_place_does_not_disturb_its_process(aludel):
    configure(aludel)
    with aludel.host() as host:
        aludel.append("plan")
        handled(aludel, 1)
        before = host.children()
        overwrite(aludel, b"\0" * plugin(aludel).stat().st_size)
        aludel.append("plan")
        handled(aludel, 2)
        equal(host.children(), before)


def test_a_processor_that_dies_is_started_with_the_plugin_that_it_had(aludel):
    configure(aludel)
    with aludel.host() as host:
        aludel.append("plan")
        handled(aludel, 1)
        rename(aludel, b"no library")
        before = host.children()
        os.kill(before[0], signal.SIGKILL)
        until(lambda: host.children() not in ([], before), "the child to be started again")
        aludel.append("plan")
        handled(aludel, 2)


def test_a_new_version_is_taken_between_two_events(aludel):
    configure(aludel)
    with aludel.host() as host:
        aludel.append("plan")
        handled(aludel, 1)
        rename(aludel, version(1))
        told = reload(aludel)
        pause = told.pop("pause_ms")
        assert pause > 0, pause
        equal(told, {"processor": "x", "from": "1.000", "version": "1.001", "state": "running", "error": None})
        equal(aludel.processor()["version"], "1.001")
        aludel.append("plan")
        handled(aludel, 2)
        equal(seen(aludel), [(0, "1.000"), (1, "1.001")])
        equal(copies(aludel), ["plugin-2.so"])
        overwrite(aludel, version(2))
        holds(aludel.run("plugin", "reload", "x"), " ms: version 1.001 -> 1.002\n")
        status, log = host.end()
    equal(status, 0)
    holds(log, "info x: reloaded x in ")
    equal(aludel.processor()["version"], "1.002")


def test_what_the_new_version_subscribes_to_is_what_is_routed(aludel):
    configure(aludel)
    with aludel.host() as host:
        aludel.append("plan", "plot")
        handled(aludel, 1)
        equal(aludel.json("status")["unrouted"], {"plot": 1})
        rename(aludel, version(1, plan="plot"))
        reload(aludel)
        equal(aludel.json("status")["unrouted"], {"plan": 1})
        aludel.append("plot", "plan")
        handled(aludel, 2)
        host.end()
    plugin(aludel).unlink()
    equal(aludel.json("status")["unrouted"], {"plan": 2})


def bad_files():
    """(content, what is said of it, whether the processor has paused for it)"""
    return [
        (b"no library", "it is no shared object", False),
        ((pathlib.Path(FACTS["bad"]) / "bad_declines.so").read_bytes(), "no licence for this machine", False),
        (version(1, **{"test.reloaded": "test.reloadex"}), "has no handler \"test.reloaded\"", False),
        (version(1, "load"), "killed by signal 6 (Aborted)", False),
        (version(1, "create"), "patched: as patched in create", True),
        (version(1, "start"), "killed by signal 6 (Aborted) in start", True),
    ]


def test_a_file_that_cannot_be_used_leaves_the_version_that_runs(aludel):
    configure(aludel)
    with aludel.host() as host:
        aludel.append("plan")
        handled(aludel, 1)
        for events, (content, why, pauses) in enumerate(bad_files(), 2):
            rename(aludel, content)
            _, error = aludel.run("plugin", "reload", "x", status=3)
            holds(error, 'aludel: reload processor "x": ')
            equal(error.count(str(plugin(aludel))), 1)
            holds(error, why)
            holds(error, "; version 1.000 stays" + (", after " if pauses else "\n"))
            equal(error.count("\n"), 1)
            holds(host.log(), error.removeprefix("aludel: "))
            aludel.append("plan")
            handled(aludel, events)
            equal(aludel.processor()["version"], "1.000")
        equal(len(copies(aludel)), 1)
        equal(seen(aludel), [(n, "1.000") for n in range(7)])


def test_a_file_that_changes_while_it_is_looked_at_is_not_taken(aludel):
    configure(aludel)
    with aludel.host():
        rename(aludel, version(1, "wait"))
        command = subprocess.Popen(aludel.command("plugin", "reload", "x"), stderr=subprocess.PIPE, text=True)
        until(lambda: os.utime(plugin(aludel)) or command.poll() is not None, "the file to be looked at")
        equal((command.returncode, command.stderr.read()),
              (1, f'aludel: reload processor "x": {plugin(aludel)}: it changes just now: try again; version 1.000 stays\n'))
        equal(len(copies(aludel)), 1)


def test_a_file_that_must_not_run_is_not_taken(aludel):
    configure(aludel, f'sha256 = "{hashlib.sha256(version(0)).hexdigest()}"')
    with aludel.host():
        rename(aludel, version(1))
        _, error = aludel.run("plugin", "reload", "x", status=3)
        holds(error, "it is not the file that sha256 pins")
        rename(aludel, version(0))
        plugin(aludel).chmod(0o666)
        _, error = aludel.run("plugin", "reload", "x", status=3)
        holds(error, "everybody may write to it")
        holds(error, "; version 1.000 stays\n")
        plugin(aludel).chmod(0o644)
        equal(reload(aludel)["version"], "1.000")


def test_a_version_that_has_changed_the_tables_stays(aludel):
    configure(aludel)
    with aludel.host():
        aludel.append("plan")
        handled(aludel, 1)
        rename(aludel, version(1, "stuck"))
        told, _ = aludel.run("plugin", "reload", "x", status=1)
        holds(told, ": version 1.000 -> 1.001; it is retrying: ")
        rename(aludel, version(2))
        _, error = aludel.run("plugin", "reload", "x", status=3)
        holds(error, "this handler (1.002) knows version 1")
        rename(aludel, version(3, "tables"))
        equal(reload(aludel)["version"], "1.003")
        aludel.append("plan")
        handled(aludel, 2)
        equal(seen(aludel), [(0, "1.000"), (1, "1.003")])


def test_one_that_stands_still_tries_again_with_the_new_version(aludel):
    configure(aludel)
    rename(aludel, version(0, "create"))
    with aludel.host():
        aludel.append("plan")
        aludel.wait_for_state("refused")
        rename(aludel, version(1))
        equal(reload(aludel)["version"], "1.001")
        handled(aludel, 1)


def test_one_that_is_paused_takes_the_new_version_and_stays_so(aludel):
    configure(aludel)
    with aludel.host():
        aludel.append("plan")
        handled(aludel, 1)
        aludel.run("processor", "pause", "x")
        aludel.append("plan")
        rename(aludel, version(1))
        equal(reload(aludel)["state"], "paused")
        aludel.run("processor", "resume", "x")
        handled(aludel, 2)
        equal(seen(aludel), [(0, "1.000"), (1, "1.001")])


def test_on_a_thread_of_the_host_too(aludel):
    configure(aludel, 'isolation = "thread"')
    with aludel.host() as host:
        aludel.append("plan")
        handled(aludel, 1)
        rename(aludel, version(1))
        equal(reload(aludel)["version"], "1.001")
        aludel.append("plan")
        handled(aludel, 2)
        equal(seen(aludel), [(0, "1.000"), (1, "1.001")])
        equal(host.children(), [])


def test_one_that_hangs_in_migrate_keeps_no_other_from_being_reloaded(aludel):
    hanging = aludel.directory / "plugins" / "hanging.so"
    configure(aludel, f'[processor.y]\nplugin = "{hanging}"')
    hanging.write_bytes(version(0))
    with aludel.host():
        aludel.append("plan")
        aludel.wait_for_state("waiting", "y")
        hanging.with_suffix(".new").write_bytes(version(1, "hang"))
        hanging.with_suffix(".new").rename(hanging)
        reload_of_y = subprocess.Popen(aludel.command("plugin", "reload", "y"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        until(lambda: aludel.in_flight("y"), "y to be in migrate")
        rename(aludel, version(2))
        equal(reload(aludel)["version"], "1.002")
        assert reload_of_y.poll() is None
        reload_of_y.kill()
        reload_of_y.wait()


def test_what_cannot_be_reloaded_is_said_in_a_line(aludel):
    configure(aludel)
    _, error = aludel.run("plugin", "reload", "x", status=2)
    equal(error, f'aludel: reload processor "x": no host runs on {aludel.directory}, '
                 'and the next one takes the plugin as it is then\n')
    rename(aludel, b"no library")
    with aludel.host():
        _, error = aludel.run("plugin", "reload", "y", status=2)
        equal(error, 'aludel: this host runs no processor "y"\n')
        rename(aludel, version(1))
        _, error = aludel.run("plugin", "reload", "x", status=1)
        holds(error, 'aludel: reload processor "x": it is refused: ')
        holds(error, "; mend it, then start the host again\n")


def version_is(aludel, wanted):
    until(lambda: aludel.processor()["version"] == wanted, f"version {wanted}")


def test_a_host_that_watches_takes_what_is_written(aludel):
    configure(aludel)
    with aludel.host("--watch") as host:
        rename(aludel, version(1))
        version_is(aludel, "1.001")
        rename(aludel, version(2, "create"))
        until(lambda: "patched: as patched in create; version 1.001 stays, after " in host.log(), "the refusal")
        overwrite(aludel, version(3))
        version_is(aludel, "1.003")
        other = plugin(aludel).with_name("other.so")
        other.write_bytes(version(4))
        until(lambda: f"{other}: no processor runs it, and the next start of the host looks at it" in host.log(),
              "the other plugin to be noticed")
        aludel.append("plan")
        handled(aludel, 1)
        status, log = host.end()
    equal(status, 0)
    equal(log.count("reloaded x in "), 2)


def test_a_host_that_watches_sees_through_a_link(aludel):
    configure(aludel)
    built = aludel.directory / "build" / "libreloaded.so"
    built.parent.mkdir()
    plugin(aludel).rename(built)
    plugin(aludel).symlink_to(built)
    with aludel.host("--watch"):
        built.with_suffix(".new").write_bytes(version(1))
        built.with_suffix(".new").rename(built)
        version_is(aludel, "1.001")


if __name__ == "__main__":
    main(globals())
