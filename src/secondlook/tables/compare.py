"""Whether two folders of results hold the same numbers, replica by replica and bit by bit, however their folders are named.

The proof that a refactoring changed nothing: make the results with the old and with the new code, then compare.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from secondlook.runner.record import ARRAYS, HISTORY, NUMBERS, RECORD, read_run
from secondlook.runner.status import seeds_that_ran

#: scale, paper, experiment, the cell's factors as sorted JSON, seed
Replica = tuple[str, str, str, str, int]


@dataclasses.dataclass(frozen=True)
class Numbers:
    """What one replica left."""

    rows: tuple[tuple[str, ...], ...]
    arrays: dict[str, np.ndarray]

    def equals(self, other: Numbers) -> bool:
        """Same rows in the same order, same arrays, to the last bit."""
        if self.rows != other.rows or self.arrays.keys() != other.arrays.keys():
            return False
        pairs = [(array, other.arrays[name]) for name, array in self.arrays.items()]
        return all((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()) for a, b in pairs)


def read_numbers(folder: Path) -> dict[Replica, Numbers]:
    """Every replica of every run below ``folder``, less those that nobody needed."""
    found: dict[Replica, Numbers] = {}
    for path in sorted(folder.rglob(RECORD)):
        run = read_run(path.parent, *NUMBERS)
        with (path.parent / HISTORY).open(encoding="utf-8", newline="") as file:
            rows = [tuple(row) for row in csv.reader(file)][1:]
        arrays = load_file(path.parent / ARRAYS)
        for seed in seeds_that_ran(run):
            key = (run["scale"], run["paper"], run["experiment"], json.dumps(run["cell"], sort_keys=True), seed)
            own = {name.partition("/")[2]: array for name, array in arrays.items() if name.partition("/")[0] == str(seed)}
            found[key] = Numbers(tuple(row for row in rows if row[0] == str(seed)), own)
    return found


def compare(old: Path, new: Path) -> tuple[list[str], bool]:
    """Return what to print, and whether every replica of both folders is in the other one with the same numbers."""
    before, after = read_numbers(old), read_numbers(new)
    lines, same = [], bool(before)
    for paper, experiment in sorted({key[1:3] for key in [*before, *after]}):
        ours = {key for key in before if key[1:3] == (paper, experiment)}
        theirs = {key for key in after if key[1:3] == (paper, experiment)}
        different = [key for key in sorted(ours & theirs) if not before[key].equals(after[key])]
        lines.append(
            f"{paper}/{experiment}: {len(ours & theirs) - len(different)} replicas equal, {len(different)} different, "
            f"{len(ours - theirs)} only in the first, {len(theirs - ours)} only in the second"
        )
        lines += [f"  different: {key[3]} seed {key[4]}" for key in different[:5]]
        same &= not different and ours == theirs
    rows = sum(len(numbers.rows) for numbers in before.values())
    size = sum(array.nbytes for numbers in before.values() for array in numbers.arrays.values())
    verdict = "equal" if same else "NOT equal"
    lines.append(f"{len(before)} and {len(after)} replicas, {rows:,} rows and {size:,} bytes of arrays in the first: {verdict}")
    return lines, same
