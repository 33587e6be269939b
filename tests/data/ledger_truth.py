#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the ledger must make of a file of events: worked out apart from it, to be compared with it row by row.

usage: ledger_truth.py [--overdraft | --stop-at-first-refusal] TABLE NDJSON

TABLE is `accounts` or `entries`, printed as TSV in the order of its key, or `totals`. A withdrawal above the balance is
left out as if it had not been there, unless --overdraft; with --stop-at-first-refusal everything ends before it, as
under the strategy fail_fast. An event's id is its line's number, from 0. NDJSON may be - for standard input.
"""
import argparse
import collections
import json
import sys


class Ledger:
    def __init__(self):
        self.balances = {}
        self.entries = []
        self.counts = collections.Counter()

    def apply(self, event_id, account, amount):
        balance = self.balances.get(account, 0) + amount
        self.balances[account] = balance
        self.entries.append((event_id, account, amount, balance))


def replay(lines, overdraft, stop_at_refusal):
    """The ledger after all lines, and the event where it stopped: (id, balance, amount), or None."""
    ledger = Ledger()
    for event_id, line in enumerate(lines):
        event = json.loads(line)
        if event["type"] not in ("deposit", "withdrawal"):
            ledger.counts["unrouted " + event["type"]] += 1
            continue
        account, amount = event["data"]["account"], event["data"]["amount"]
        assert isinstance(account, int) and isinstance(amount, int) and amount >= 0, line
        balance = ledger.balances.get(account, 0)
        if event["type"] == "withdrawal":
            if amount > balance and not overdraft:
                ledger.counts["refused"] += 1
                if stop_at_refusal:
                    return ledger, (event_id, balance, amount)
                continue
            amount = -amount
        ledger.apply(event_id, account, amount)
        ledger.counts["applied " + event["type"]] += 1
    return ledger, None


def rows(table, ledger, stopped):
    if table == "accounts":
        yield from sorted(ledger.balances.items())
    elif table == "entries":
        yield from ledger.entries
    else:
        yield "accounts", len(ledger.balances)
        yield "entries", len(ledger.entries)
        yield "sum", sum(ledger.balances.values())
        yield from sorted(ledger.counts.items())
        if stopped is not None:
            yield "stopped_before", stopped[0]
            yield "error", f"balance {stopped[1]}, withdrawal {stopped[2]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    refusals = parser.add_mutually_exclusive_group()
    refusals.add_argument("--overdraft", action="store_true", help="let balances go below zero")
    refusals.add_argument("--stop-at-first-refusal", action="store_true", help="as fail_fast does")
    parser.add_argument("table", choices=["accounts", "entries", "totals"])
    parser.add_argument("ndjson")
    options = parser.parse_args()
    with sys.stdin if options.ndjson == "-" else open(options.ndjson, encoding="utf-8") as lines:
        ledger, stopped = replay(lines, options.overdraft, options.stop_at_first_refusal)
    for row in rows(options.table, ledger, stopped):
        print(*row, sep="\t")


if __name__ == "__main__":
    main()
