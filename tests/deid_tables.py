"""`python -m tests.deid_tables CHAPTER_E.rst`: the tables of PS3.15 annex E, to ``harness/deid/tables``.

The text is that of the 2020c edition in reStructuredText (github: chsasank/dicom_standard,
``source/part15/chapter_E.rst``).  Tags, codes and private creators are taken over, and no prose.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "harness" / "deid" / "tables"
OPTIONS = (
    "retain-safe-private",
    "retain-uids",
    "retain-device-identity",
    "retain-institution-identity",
    "retain-patient-characteristics",
    "retain-full-dates",
    "retain-modified-dates",
    "clean-descriptors",
    "clean-structured-content",
    "clean-graphics",
)
"""Columns 6 to 15 of table E.1-1, by the names that the command line has for them."""

Row = list[str]


def grid_tables(text: str) -> Iterator[list[Row]]:
    """The grid tables of a text, header first; what a cell's lines hold is joined without spaces."""
    columns: list[int] | None = None
    cells: list[str] | None = None
    rows: list[Row] = []
    for line in [*text.splitlines(), ""]:
        stripped = line.strip()
        if re.fullmatch(r"\+[-=+]+\+", stripped):
            columns = columns or [at for at, one in enumerate(stripped) if one == "+"]
            if cells is not None:
                rows.append([re.sub(r"[\s​]", "", cell) for cell in cells])
            cells = None
        elif columns and stripped.startswith("|"):
            parts = [stripped[a + 1 : b].strip() for a, b in pairwise(columns)]
            cells = [f"{one} {other}" for one, other in zip(cells or [""] * len(parts), parts, strict=True)]
        elif columns:
            yield rows
            columns, cells, rows = None, None, []


def _tag(cell: str) -> str:
    return cell.strip("()*").replace(",", "").upper().replace("X", "x")


def _code(cell: str) -> str:
    return cell.replace("\\", "")


def actions(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        tag = "private" if "odd" in row[1] else _tag(row[1])
        yield [tag, row[3], *map(_code, row[4:15])]


def content(rows: Iterable[Row]) -> Iterator[Row]:
    """Its columns are those of table E.1-1 but for private, structured content and graphics."""
    for row in rows:
        yield [row[1], row[2], row[3], *map(_code, row[6:14])]


def safe_private(rows: list[Row], text: str) -> Iterator[Row]:
    """Creators hold spaces that a table's line breaks hide: they are taken from the lines as they stand."""
    spaced = {re.sub(r"\s", "", one): one for one in _creators(text)}
    for row in rows:
        yield [_tag(row[0]), spaced.get(row[1], row[1])]


def _creators(text: str) -> set[str]:
    found: set[str] = set()
    words: list[str] = []
    for line in text[text.index("Safe Private Attributes") :].splitlines():
        cells = line.strip().split("|")
        if len(cells) > 3:
            words.append(cells[2].strip())
        elif words:
            found.add(" ".join(filter(None, words)))
            words = []
    return found


def _write(name: str, header: Row, rows: Iterable[Row]) -> None:
    with open(FOLDER / name, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(sorted(rows))


def main(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    first, second, third = (table[1:] for table in grid_tables(text))
    FOLDER.mkdir(exist_ok=True)
    _write("actions.csv", ["tag", "in-iod", "basic", *OPTIONS], actions(first))
    named = ["value", "scheme", "type", "basic", *OPTIONS[1:8]]
    _write("content.csv", named, content(second))
    _write("safe_private.csv", ["tag", "creator"], safe_private(third, text))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
