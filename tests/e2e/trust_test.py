#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may read and write what, and which plugins may run."""

import hashlib
import os
import pathlib
import shutil
import signal
import stat

from harness import FACTS, Aludel, equal, holds, main, until


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def digest_of(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


def copy_of(aludel, plugin="tally"):
    """A plugin of the build in a folder of its own."""
    folder = aludel.directory / "plugins"
    folder.mkdir(exist_ok=True)
    file = folder / "x.so"
    shutil.copy(FACTS[plugin], file)
    file.chmod(0o755)
    return file


def configure(aludel, file, host="", processor=""):
    aludel.configure(f'[host]\n{host}\n[processor.x]\nplugin = "{file}"\n{processor}\n')


def test_what_is_made_is_its_owners_alone(aludel):
    new = Aludel(aludel.directory / "new")
    new.append("calm")
    for path in (new.directory, new.directory / "log"):
        equal((path, mode_of(path)), (path, 0o700))
    configure(new, FACTS["tally"])
    with new.host():
        for path, mode in ((new.directory / "processors", 0o700), (new.directory / "processors" / "x", 0o700),
                           (new.directory / "host", 0o700), (new.directory / "host" / "x", 0o700),
                           (new.socket, 0o600)):
            equal((path, mode_of(path)), (path, mode))
        new.run("backup", new.directory / "backups")
    equal(mode_of(new.directory / "backups"), 0o700)


def test_a_folder_or_config_that_others_write_to_is_not_used(aludel):
    configure(aludel, FACTS["tally"])
    config = aludel.directory / "aludel.toml"
    for path, closed in ((aludel.directory, 0o755), (config, 0o644)):
        path.chmod(0o777)
        for command in (("status",), ("append", "--type", "calm"), ("run", "--drain")):
            _, error = aludel.run(*command, status=3)
            holds(error, f"{path}: everybody may write to it (mode 0777)")
            equal(error.count("\n"), 1)
        path.chmod(closed)
    equal(sorted(p.name for p in aludel.directory.iterdir()), ["aludel.toml"])
    aludel.append("calm")
    aludel.drain()


def test_no_folder_of_the_data_is_used_that_others_write_to(aludel):
    configure(aludel, FACTS["tally"])
    aludel.append("calm")
    aludel.drain()
    for folder in (aludel.directory / name for name in ("log", "processors", "host")):
        folder.chmod(0o777)
        for command in (("status",), ("append", "--type", "calm"), ("run", "--drain"), ("processor", "pause", "x")):
            holds(aludel.run(*command, status=3)[1],
                  f"use the data directory {folder}: everybody may write to it (mode 0777)")
        folder.chmod(0o700)
    aludel.drain()


def test_a_plugin_that_others_write_to_is_refused_unless_it_is_named(aludel):
    file = copy_of(aludel)
    aludel.append("calm")
    for path in (file, file.parent):
        configure(aludel, file)
        path.chmod(0o777)
        holds(aludel.drain(status=1), f"not caught up: x (refused: untrusted: refuse {file}: ")
        equal(aludel.processor()["state"], "refused")
        holds(aludel.run("config", "check", status=1)[0], "everybody may write to it (mode 0777)")
        for named in (file, file.parent):
            configure(aludel, file, host=f'writable_plugins = ["{named}"]')
            aludel.drain()
        path.chmod(0o755)
    configure(aludel, file)
    aludel.drain()


def test_a_command_without_a_host_runs_no_code_that_a_host_would_not(aludel):
    file = copy_of(aludel)
    configure(aludel, file)
    aludel.append("calm")
    aludel.drain()
    file.chmod(0o777)
    _, error = aludel.run("processor", "pause", "x", status=1)
    holds(error, f"refuse {file}: everybody may write to it (mode 0777)")
    file.chmod(0o755)
    configure(aludel, file, host=f'allow = ["{"0" * 64}"]')
    holds(aludel.run("processor", "pause", "x", status=1)[1], "[host] allow does not hold its SHA-256 digest")
    # As a host of an earlier version has left it.
    (aludel.directory / "host" / "x" / "processor.json").rename(aludel.directory / "processors" / "x" / "processor.json")
    holds(aludel.run("processor", "pause", "x", status=1)[1], "neither the config nor a host has said how")


def test_only_listed_digests_run(aludel):
    file = copy_of(aludel)
    digest = digest_of(file)
    holds(aludel.run("plugin", "info", file), f"SHA-256      {digest}\n")
    equal(aludel.json("plugin", "info", file)["sha256"], digest)
    aludel.append("calm")
    configure(aludel, file, host=f'allow = ["{"0" * 64}"]')
    holds(aludel.drain(status=1),
          f"x (refused: not_allowed: refuse {file}: [host] allow does not hold its SHA-256 digest: {digest}")
    configure(aludel, file, host=f'allow = ["{"0" * 64}", "{digest}"]')
    aludel.drain()
    equal(aludel.processor()["lag"], 0)


def test_a_pinned_plugin_is_that_file_or_none_also_when_it_is_exchanged_under_a_host(aludel):
    file = copy_of(aludel)
    digest = digest_of(file)
    configure(aludel, file, processor=f'sha256 = "{"0" * 64}"')
    aludel.append("calm")
    holds(aludel.drain(status=1), f"other_digest: refuse {file}: it is not the file that sha256 pins")
    configure(aludel, file, processor=f'sha256 = "{digest}"')
    with aludel.host() as host:
        until(lambda: aludel.processor()["lag"] == 0, "the event to be handled")
        other = file.with_suffix(".new")
        copy = aludel.directory / "host" / "x" / "plugin-1.so"
        shutil.copy(FACTS["unruly"], other)
        os.rename(other, copy)
        os.kill(host.children()[0], signal.SIGKILL)
        reason = aludel.wait_for_state("refused")["error"]
        equal(reason["code"], "other_digest")
        holds(reason["message"], digest_of(copy))


def test_what_is_wrong_in_the_config_is_told(aludel):
    for host, processor, words in [
        ("allow = []", "", "allow of [host] is empty: leave it out to run any plugin"),
        ('allow = ["ABC"]', "", '"ABC" in allow is no SHA-256 digest of 64 lower-case hexadecimal digits'),
        ('writable_plugins = "x"', "", "writable_plugins must be an array of strings"),
        ("", 'sha256 = "0"', "sha256 of [processor.x] is no SHA-256 digest"),
        ("", "sha256 = 7", "sha256 must be a digest"),
    ]:
        configure(aludel, FACTS["tally"], host, processor)
        holds(aludel.run("config", "check", status=2)[1], words)
    configure(aludel, FACTS["tally"], f'writable_plugins = ["plugins"]\nallow = ["{"a" * 64}"]', f'sha256 = "{"b" * 64}"')
    shown = aludel.run("config", "show")
    for line in (f'writable_plugins = ["{aludel.directory}/plugins"]', f'allow = ["{"a" * 64}"]', f'sha256 = "{"b" * 64}"'):
        holds(shown, line + "\n")


if __name__ == "__main__":
    main(globals())
