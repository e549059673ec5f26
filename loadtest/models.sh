#!/bin/sh
# The three ways to serve many connections (a process for each, a thread for each, a loop), and
# simuld, through the same load: prints a table, and draws loadtest/models.svg. Builds the programs
# first. Some ten minutes; leaves nothing running.
#   loadtest/models.sh [SVG]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
svg=${1:-$root/loadtest/models.svg}
figures=$(mktemp)

sh "$root/deploy/quickstart.sh" --build-only
timeout 1800 python3 -B "$root/loadtest/bench/models.py" "$root/build/bin" --json "$figures" &
models=$!
trap 'kill "$models"; wait "$models"; rm -f "$figures"; exit 1' INT TERM
wait "$models"
python3 -B "$root/loadtest/bench/models_svg.py" "$figures" "$svg"
rm -f "$figures"
