#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares every row of the ledger with what ledger_truth.py makes of the same real events.
# usage: ledger_replay.sh LEDGER_REPLAY PLUGIN DATA_DIRECTORY
set -eu
replay=$1 plugin=$2 data=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
zstd -dq "$data/bank-1993.ndjson.zst" -o "$work/bank.ndjson"

compare() { # CONFIG TABLE [OPTION]
  config=$1 table=$2
  shift 2
  "$data/ledger_truth.py" "$@" "$table" "$work/bank.ndjson" > "$work/expected"
  "$replay" "$plugin" "$config" "$table" < "$work/bank.ndjson" > "$work/actual"
  [ -s "$work/expected" ]
  cmp "$work/expected" "$work/actual"
}
compare '{}' accounts
compare '{}' entries
compare '{"allow_overdraft": true}' accounts --overdraft
compare '{"allow_overdraft": true}' entries --overdraft
