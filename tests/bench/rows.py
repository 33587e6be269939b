# SPDX-License-Identifier: MIT
"""The rows of the bench: what each measures, against what, and when it is met."""

from dataclasses import dataclass
from typing import Callable

from measuring import Installation, median, per_second, require, verdict

PAYLOAD = 100  # bytes of an event


@dataclass
class Row:
    numbers: str
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

        def ours():
            told = bench.log_paths("append", bench.fresh("log"), batch, count)
            require(told["events"] == batch * count, f"{told['events']} events")
            return count / told["seconds"]

        def raw():
            return count / bench.yardstick("append", bench.fresh("raw"), batch * PAYLOAD, count, allocated)["seconds"]

        our, their = bench.in_turns(ours, raw)
        ratio = median([a / b for a, b in zip(our, their)])
        return ratio_row(ratio, least, f"{per_second(batch * median(our))}, raw {per_second(batch * median(their))}")
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
    directory = bench.fresh("log")
    bench.log_paths("fill", directory, blocks * 1_000, 0, 1, "runs")

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
    installation = Installation(bench, {})
    bench.log_paths("fill", installation.directory / "log", events, 0, 1, "runs")
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
        installation = Installation(bench, {})
        bench.log_paths("fill", installation.directory / "log", count, min(keys, count), 1, "runs")
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


ALL = [
    Row("1", "durable append, one producer, one event at a time", ">= 0.90 of raw", append(1, 2_000, 0.9)),
    Row("2", "durable append, batches of 1,000", ">= 0.80 of raw", append(1_000, 500, 0.8)),
    Row("3", "durable append, batches of 10,000", ">= 0.80 of raw", append(10_000, 100, 0.8)),
    Row("4", "durable append, 64 producers, one event each", ">= 15 times, p99 <= 12 times", producers),
    Row("5", "scan with checksums, warm", ">= 30 M/s or 0.8 of raw", scan),
    Row("6", "processor that sums payload lengths, 10 million events", ">= 10 M/s, start = end +- 10 %", processor_sum),
    Row("7a", "processor, one upsert an event, 1,000 keys", ">= 0.90 of SQLite by hand", upsert(1_000, 2_000_000)),
    Row("7b", "processor, one upsert an event, 1 million keys", ">= 0.90 of SQLite by hand", upsert(1_000_000, 2_000_000)),
]
