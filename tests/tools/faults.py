# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix: runs ``tests/faults``, prints the matrix as a table, and writes it to ``tests/output/faults.json``."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import string
import sys
from collections import Counter
from typing import Any

from . import pytests, report
from .workspace import BUILD, ROOT

#: Where the tests leave the rows of each scenario.
PARTS = BUILD / "faults"
OUTPUT = ROOT / "tests" / "output" / "faults.json"
LOST = "lost"
#: Some faults are waited for, so that there is work for more processes than there are processors.
WORKERS = 2 * (os.cpu_count() or 1)

Row = dict[str, Any]


def main() -> int:
    shutil.rmtree(PARTS, ignore_errors=True)
    ran = pytests.run("faults", ["-n", str(WORKERS), "--dist", "worksteal", *sys.argv[1:]])
    rows = [row for part in sorted(PARTS.glob("*.json")) for row in json.loads(part.read_text(encoding="utf-8"))]
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(table(rows))
    lost = sum(is_lost(row) for row in rows)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in Counter(map(_outcome, rows)).most_common())
    note = f"{len(rows)} cases tried, {len(rows) - lost} survived, {lost} lost: {outcomes}; and {ran.passed} tests"
    # Tests that fail for another reason than a lost case count beside them.
    failed = max(lost, ran.failed)
    return report.finish(dataclasses.replace(ran, noun="cases", passed=len(rows) - lost, failed=failed, note=note))


def is_lost(row: Row) -> bool:
    """Whether a module did not survive the case."""
    return str(row["outcome"]).startswith(LOST)


def _outcome(row: Row) -> str:
    return LOST if is_lost(row) else str(row["outcome"])


def table(rows: list[Row]) -> str:
    """How many calls of each module and state were tried with each fault; ``!`` and a number are those lost."""
    faults = list(dict.fromkeys(row["fault"] for row in rows))
    letters = dict(zip(faults, string.ascii_lowercase + string.ascii_uppercase, strict=False))
    tried: Counter[tuple[str, str, str]] = Counter()
    lost: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        cell = row["module"], row["state"], row["fault"]
        tried[cell] += 1
        lost[cell] += is_lost(row)
    lines = [["module", "state", *letters.values(), "all"]]
    for module, state in dict.fromkeys((row["module"], row["state"]) for row in rows):
        cells = [(module, state, fault) for fault in faults]
        counts = [_count(tried[cell], lost[cell]) for cell in cells]
        lines.append(
            [module, state, *counts, _count(sum(tried[cell] for cell in cells), sum(lost[cell] for cell in cells))]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = [
        "  ".join(
            f"{word:<{width}}" if column < 2 else f"{word:>{width}}"
            for column, (word, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    legend = [f"  {letter}  {fault}" for fault, letter in letters.items()]
    return "\n".join(["", *text, "", *legend, ""])


def _count(tried: int, lost: int) -> str:
    return f"{tried}!{lost}" if lost else str(tried or ".")


if __name__ == "__main__":
    sys.exit(main())
