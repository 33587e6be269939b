# SPDX-License-Identifier: MIT
"""The rows of the bench: what each measures, against what, and when it is met."""

import json
import pathlib
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

from measuring import Installation, UnixConnection, median, per_second, require, verdict

PAYLOAD = 100  # bytes of an event


@dataclass
class Row:
    number: str
    what: str
    target: str
    measure: Callable


def ratio_row(ratio, least, figures):
    return {"ratio": round(ratio, 3), "figure": f"{ratio:.2f} ({figures})", "verdict": verdict(ratio >= least)}


def append(batch, times, least):
    def measure(bench):
        count = bench.size(times, 5)
        # As the log does it: zeros ahead of small writes, none where they would cost more than they save.
        allocated = "zeroed" if batch * PAYLOAD < 65_536 else "growing"

        def rate(told):
            return batch * count / told["seconds"]

        def ours():
            told = bench.log_paths("append", bench.fresh("log"), batch, count)
            require(told["events"] == batch * count, f"{told['events']} events")
            size.append(told["bytes"] // count)
            return rate(told)

        def raw(bytes_each):
            path = bench.fresh("raw")
            told = bench.yardstick("append", path, bytes_each, count, allocated)
            path.unlink()
            return rate(told)

        size = []
        our, same_bytes, payload = bench.in_turns(ours, lambda: raw(size[-1]), lambda: raw(batch * PAYLOAD))
        ratio, of_payload = (median([a / b for a, b in zip(our, their)]) for their in (same_bytes, payload))
        told = ratio_row(ratio, least, f"{per_second(median(our))}, raw {per_second(median(same_bytes))}; "
                                       f"{of_payload:.2f} of payload alone")
        return {**told, "of_payload_alone": round(of_payload, 3)}
    return measure


def producers(bench):
    threads, times = 64, bench.size(500, 3)

    def ours():
        told = bench.log_paths("producers", bench.fresh("log"), threads, times)
        require(told["events"] == threads * times, f"{told['events']} events")
        return told

    def raw():
        return bench.yardstick("append", bench.fresh("raw"), PAYLOAD, bench.size(2_000, 3), "zeroed")

    our, their = bench.in_turns(ours, raw)
    rates = [(a["times"] / a["seconds"]) / (b["times"] / b["seconds"]) for a, b in zip(our, their)]
    waits = [a["p99_us"] / b["p50_us"] for a, b in zip(our, their)]
    rate, wait = median(rates), median(waits)
    return {"ratio": round(rate, 2), "p99": round(wait, 2), "verdict": verdict(rate >= 15 and wait <= 12),
            "figure": f"{rate:.1f} times, p99 {wait:.1f} times ({per_second(median([a['times'] / a['seconds'] for a in our]))})"}


def scan(bench):
    blocks = bench.size(5_000, 3)
    directory = bench.backlog(blocks * 1_000).directory / "log"

    def measured(told):
        require(told["sum"] == PAYLOAD * told["events"] == PAYLOAD * blocks * 1_000, f"a sum of {told['sum']}")
        return told["events"] / told["seconds"]

    our, their = bench.in_turns(lambda: measured(bench.log_paths("scan", directory)),
                                lambda: measured(bench.yardstick("scan", bench.fresh("raw"), blocks, 1)))
    ratio, rate = median([a / b for a, b in zip(our, their)]), median(our)
    return {"ratio": round(ratio, 3), "events_per_second": round(rate), "verdict": verdict(rate >= 30e6 or ratio >= 0.8),
            "figure": f"{per_second(rate)}, {ratio:.2f} of raw ({per_second(median(their))})"}


def processor_sum(bench):
    events = bench.size(10_000_000, 20_000)
    installation = bench.backlog(events)
    installation.configure({"sum": {"plugin": str(bench.plugin("sum")), "config": f"{{ tenth = {events // 10} }}"}})

    def ours():
        installation.forget()
        taken = installation.drain()
        rows = installation.query("sum", "select events, bytes, at_ns from sum order by at_ns")
        require(rows[-1][1] == events * PAYLOAD, f"a sum of {rows[-1][1]}")
        steps = [b[2] - a[2] for a, b in zip(rows, rows[1:])]
        return events / taken, steps[0] / steps[-1]

    (told,) = bench.in_turns(ours)
    rate, drift = (median(values) for values in zip(*told))
    return {"events_per_second": round(rate), "end_over_start": round(drift, 3),
            "verdict": verdict(rate >= 10e6 and 0.9 <= drift <= 1.1),
            "figure": f"{per_second(rate)}, at the end {drift:.2f} of the start"}


def upsert(keys, events):
    def measure(bench):
        count = bench.size(events, 3_000)
        installation = bench.backlog(count, min(keys, count))
        installation.configure({"upsert": {"plugin": str(bench.plugin("upsert")), "batch_size": 10_000}})

        def ours():
            installation.forget()
            taken = installation.drain()
            require(installation.query("upsert", "select sum(events), sum(bytes), count(*) from total") ==
                    [(count, count * PAYLOAD, min(keys, count))], "the rows do not add up")
            return count / taken

        def raw():
            told = bench.yardstick("upsert", bench.fresh("raw"), min(keys, count), count, 10_000)
            require(told["sum"] == count * PAYLOAD, f"a sum of {told['sum']}")
            return count / told["seconds"]

        our, their = bench.in_turns(ours, raw)
        ratio = median([a / b for a, b in zip(our, their)])
        return ratio_row(ratio, 0.9, f"{per_second(median(our))}, raw {per_second(median(their))}")
    return measure


def dispatch(bench):
    command = [bench.build / "tests" / "bench" / "micro", "--benchmark_filter=call", "--benchmark_format=json",
               f"--benchmark_repetitions={bench.rounds}", f"--benchmark_min_time={bench.size(0.2, 0.01)}"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"micro: {done.stderr.strip()}")
    rates = {}
    for one in json.loads(done.stdout)["benchmarks"]:
        require(not one.get("error_occurred"), f"micro: {one.get('error_message')}")
        if one["run_type"] == "iteration":
            rates.setdefault(one["name"], []).append(one["items_per_second"])
    direct, through = (1e9 / median(rates[name]) for name in ("direct_call", "call_through_abi"))
    return {"ns": round(through - direct, 2), "verdict": verdict(through - direct <= 5),
            "figure": f"{through - direct:.1f} ns ({through:.1f} ns, called directly {direct:.1f} ns)"}


def stamps(bench, installation, processors, times, pause_ms):
    """From `append` having returned to each handler having been called, in us: a list for each append."""
    told = bench.program("host_paths", "append", installation.directory, times, pause_ms)
    returned = told["returned_ns"]
    waits = [[] for _ in returned]
    for name in processors:
        rows = installation.query(name, f"select event, at_ns from stamp where event >= {told['first']} order by event")
        require([row[0] for row in rows] == list(range(told["first"], told["first"] + times)), f"{name} has {len(rows)} events")
        for wait, was, row in zip(waits, returned, rows):
            wait.append((row[1] - was) / 1e3)
    return waits


def wakeup(events):
    def measure(bench):
        installation = bench.backlog(bench.size(events, 1_000))
        installation.configure({"stamp": {"plugin": str(bench.plugin("stamp")), "types": ["bench"]}})
        times = bench.size(500, 5)

        def ours():
            waits = sorted(wait[0] for wait in stamps(bench, installation, ["stamp"], times, 5))
            return waits[len(waits) // 2], waits[len(waits) * 99 // 100]

        our, raw = bench.in_turns(ours, lambda: bench.yardstick("wakeup", times))
        middle, late = (median(values) for values in zip(*our))
        return {"p50_us": round(middle, 1), "p99_us": round(late, 1), "verdict": verdict(middle <= 15 and late <= 100),
                "figure": f"p50 {middle:.1f} us, p99 {late:.1f} us (futex {median([one['p50_us'] for one in raw]):.1f}, "
                          f"{median([one['p99_us'] for one in raw]):.1f})"}
    return measure


def wake_ups(process):
    """How often the threads of a process and of its children have been put on a processor, by their names."""
    found = {}
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        status = (task / "status").read_text()
        found[task.name, status.splitlines()[0].split()[1]] = sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", status)))
        for child in (task / "children").read_text().split():
            found.update(wake_ups(child))
    return found


def idle(bench):
    count, seconds = bench.size(50, 3), bench.size(60, 1)
    installation = Installation(bench)
    installation.configure({f"p{n}": {"plugin": str(bench.plugin("count"))} for n in range(count)})
    with installation.host(count) as host:
        time.sleep(bench.size(5, 1))
        before = wake_ups(host)
        time.sleep(seconds)
        after = wake_ups(host)
    woken = {task: n - before.get(task, 0) for task, n in after.items() if n != before.get(task, 0)}
    names = ", ".join(sorted({name for _, name in woken}))
    return {"wake_ups": sum(woken.values()), "verdict": verdict(not woken),
            "figure": f"{sum(woken.values())} of {len(after)} threads in {seconds} s" + (f": {names}" if names else "")}


def passed_over(order, least):
    def measure(bench):
        events = bench.size(10_000_000, 200_000)
        few = 100_000
        full, short = bench.backlog(events, 0, 100, order), bench.backlog(few, 0, 100, order)
        for installation in (full, short):
            installation.configure({"sum": {"plugin": str(bench.plugin("sum")), "config": f"{{ tenth = {events} }}",
                                            "types": ["type-07"]}})

        def drain(installation, events):
            installation.forget()
            taken = installation.drain()
            (bytes_seen,), = installation.query("sum", "select max(bytes) from sum")
            require(bytes_seen == events // 100 * PAYLOAD, f"a sum of {bytes_seen}")
            return taken

        whole, start = bench.in_turns(lambda: drain(full, events), lambda: drain(short, few))
        rate = (events - few) / max(1e-6, median(whole) - median(start))
        return {"events_per_second": round(rate), "verdict": verdict(rate >= least),
                "figure": f"{per_second(rate)} ({median(whole):.2f} s, of which {median(start):.2f} s to start)"}
    return measure


def append_file(bench):
    lines = bench.bank
    times = bench.size(1_000_000_000, len(lines)) // len(lines)
    count = lines.count(b"\n") * times
    source = bench.fresh("bank.ndjson")
    with source.open("wb") as file:
        for _ in range(times):
            file.write(lines)

    def ours():
        installation = Installation(bench)
        taken = installation.run("append", source)[0]
        require(json.loads(installation.run("--json", "status")[1])["log"]["events"] == count, "events are missing")
        shutil.rmtree(installation.directory)
        return count / taken

    def raw():
        path = bench.fresh("raw")
        told = bench.yardstick("append", path, 1 << 20, len(lines) * times // (1 << 20), "growing")
        path.unlink()
        return count / told["seconds"]

    our, their = bench.in_turns(ours, raw)
    rate = median(our)
    return {"events_per_second": round(rate), "ratio": round(median([a / b for a, b in zip(our, their)]), 3),
            "verdict": verdict(rate >= 1e6),
            "figure": f"{per_second(rate)} (the same bytes written in MiBs and synced {per_second(median(their))})"}


def memory_mib(process):
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{process}/status").read_text())[1]) / 1024


def opening(bench):
    installation = bench.backlog(bench.size(10_000_000, 20_000))
    installation.configure({"count": {"plugin": str(bench.plugin("count"))}})
    (told,) = bench.in_turns(lambda: bench.log_paths("open", installation.directory / "log")["seconds"] * 1e3)
    installation.drain()
    with installation.host(1) as host:
        memory = memory_mib(host)
    return {"ms": round(median(told), 2), "mib": round(memory, 1), "verdict": verdict(median(told) <= 50 and memory <= 64),
            "figure": f"{median(told):.1f} ms, {memory:.1f} MiB"}


def written(bench):
    batch, times = 1_000, bench.size(2_000, 20)
    told = bench.log_paths("append", bench.fresh("log"), batch, times)
    payload = batch * times * PAYLOAD
    require(told["events"] == batch * times, f"{told['events']} events")
    ratio = told["written"] / payload
    return {"ratio": round(ratio, 3), "verdict": verdict(ratio <= 1.4),
            "figure": f"{ratio:.2f} ({told['written']:,} bytes written, the log has {told['bytes']:,})"}


def parallel(bench):
    events, blocks = bench.size(5_000_000, 20_000), bench.size(5_000, 20)
    installation = bench.backlog(events)

    def drain(count):
        installation.configure({f"p{n}": {"plugin": str(bench.plugin("sum")), "config": f"{{ tenth = {events} }}"} for n in range(count)})
        installation.forget()
        taken = installation.drain()
        for n in range(count):
            require(installation.query(f"p{n}", "select max(bytes) from sum") == [(events * PAYLOAD,)], "a sum is wrong")
        return count * events / taken

    def raw(threads):
        told = bench.yardstick("scan", bench.fresh("raw"), blocks, threads)
        return told["events"] / told["seconds"]

    one, eight, raw_one, raw_two = bench.in_turns(lambda: drain(1), lambda: drain(8), lambda: raw(1), lambda: raw(2))
    gain = median([a / b for a, b in zip(eight, one)])
    raw_gain = median([a / b for a, b in zip(raw_two, raw_one)])
    return ratio_row(gain / raw_gain, 0.85, f"gain {gain:.2f}, two raw loops {raw_gain:.2f}")


def post(bench):
    times = bench.size(20_000, 64)

    def ours():
        installation = Installation(bench)
        installation.configure({})
        with installation.host(0):
            told = bench.program("http_load", installation.directory / "aludel.sock", 64, times)
            require(json.loads(installation.run("--json", "status")[1])["log"]["events"] == times, "events are missing")
        return times / told["seconds"]

    def in_process():
        told = bench.log_paths("producers", bench.fresh("log"), 64, max(1, times // 64))
        return told["times"] / told["seconds"]

    our, their = bench.in_turns(ours, in_process)
    ratio = median([a / b for a, b in zip(our, their)])
    return ratio_row(ratio, 0.6, f"{per_second(median(our))}, in the process {per_second(median(their))}")


def post_stream(bench):
    lines = bench.bank.splitlines(keepends=True)
    piece = b"".join(lines[:20_000])
    pieces = bench.size(50, 1)
    count = piece.count(b"\n") * pieces
    source = bench.fresh("bank.ndjson")
    source.write_bytes(piece * pieces)

    def ours():
        installation = Installation(bench)
        installation.configure({})
        with installation.host(0):
            connection = UnixConnection(installation.directory / "aludel.sock")
            began = time.monotonic()
            for _ in range(pieces):
                connection.request("POST", "/v1/events", piece, {"Content-Type": "application/x-ndjson"})
                answer = connection.getresponse()
                told = answer.read()
                require(answer.status == 200, f"{told[:200]}")
            taken = time.monotonic() - began
            require(json.loads(installation.run("--json", "status")[1])["log"]["events"] == count, "events are missing")
        return count / taken

    our, their = bench.in_turns(ours, lambda: count / Installation(bench).run("append", source)[0])
    ratio = median([a / b for a, b in zip(our, their)])
    return ratio_row(ratio, 0.8, f"{per_second(median(our))}, append FILE {per_second(median(their))}")


def fan_out(bench):
    count, times = bench.size(100, 3), bench.size(20, 2)
    installation = Installation(bench)
    names = [f"p{n}" for n in range(count)]
    installation.configure({name: {"plugin": str(bench.plugin("stamp")), "types": ["bench"]} for name in names})
    (told,) = bench.in_turns(lambda: median([max(wait) for wait in stamps(bench, installation, names, times, 100)]) / 1e3)
    return {"ms": round(median(told), 2), "verdict": verdict(median(told) <= 5), "figure": f"{median(told):.2f} ms"}


def status(bench):
    count = bench.size(50, 3)
    installation = bench.backlog(bench.size(10_000_000, 20_000))
    installation.configure({f"p{n}": {"plugin": str(bench.plugin("count"))} for n in range(count)})
    installation.drain()
    with installation.host(count):
        (told,) = bench.in_turns(lambda: median([installation.run("status")[0] for _ in range(5)]) * 1e3)
    return {"ms": round(median(told), 1), "verdict": verdict(median(told) <= 30), "figure": f"{median(told):.1f} ms"}


ALL = [
    Row("1", "durable append, one producer, one event at a time", ">= 0.90 of raw", append(1, 2_000, 0.9)),
    Row("2", "durable append, batches of 1,000", ">= 0.80 of raw", append(1_000, 500, 0.8)),
    Row("3", "durable append, batches of 10,000", ">= 0.80 of raw", append(10_000, 100, 0.8)),
    Row("4", "durable append, 64 producers, one event each", ">= 15 times, p99 <= 12 times", producers),
    Row("5", "scan with checksums, warm", ">= 30 M/s or 0.8 of raw", scan),
    Row("6", "processor that sums payload lengths, 10 million events", ">= 10 M/s, start = end +- 10 %", processor_sum),
    Row("7a", "processor, one upsert an event, 1,000 keys", ">= 0.90 of SQLite by hand", upsert(1_000, 2_000_000)),
    Row("7b", "processor, one upsert an event, 1 million keys", ">= 0.90 of SQLite by hand", upsert(1_000_000, 2_000_000)),
    Row("8", "dispatch through the ABI over a direct call", "<= 5 ns", dispatch),
    Row("9a", "wake-up, append returned to handler called, in a child", "p50 <= 15 us, p99 <= 100 us", wakeup(1_000)),
    Row("9b", "the same with 10 million events in the log", "p50 <= 15 us, p99 <= 100 us", wakeup(10_000_000)),
    Row("10", "idle host with 50 processors", "no wake-up in 60 s", idle),
    Row("11a", "1 of 100 types, in runs, passed over", ">= 100 M/s", passed_over("runs", 100e6)),
    Row("11b", "1 of 100 types, mixed, passed over", ">= 20 M/s", passed_over("mixed", 20e6)),
    Row("12", "aludel append FILE, the bank's file to 1 GB", ">= 1 M/s, durable", append_file),
    Row("13", "open with 10 million events; host's memory", "<= 50 ms, <= 64 MiB", opening),
    Row("14", "bytes written per payload byte, batches of 1,000", "<= 1.4", written),
    Row("15", "8 processors over one backlog", ">= 0.85 of what raw loops gain", parallel),
    Row("16a", "POST /v1/events, 64 connections, one event each", ">= 0.60 of row 4", post),
    Row("16b", "POST /v1/events, NDJSON stream", ">= 0.80 of append FILE", post_stream),
    Row("17", "100 processors, one append, the last handler called", "<= 5 ms", fan_out),
    Row("18", "status, 50 processors and 10 million events", "<= 30 ms", status),
]
