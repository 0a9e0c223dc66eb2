"""The rows, in the order of the table."""

from __future__ import annotations

from benchmarks.row import Row
from benchmarks.rows import (
    chain,
    elementwise,
    inference,
    logistic,
    neighbour,
    program,
    startup,
    step,
    wide,
)

ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        program.ROW,
        step.ROW,
        logistic.ROW,
        chain.ROW,
        elementwise.ROW,
        wide.ROW,
        inference.ROW,
        startup.STARTUP,
        startup.COMPILE,
        startup.MEMORY,
        neighbour.ROW,
    )
}
