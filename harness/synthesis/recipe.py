"""Recipes: what a set of synthetic studies holds, read from TOML and checked key by key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from pathlib import Path
from typing import Any

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from harness.content import content_folder
from harness.documents import Mistake, parsed_toml
from harness.synthesis.common import CHARACTER_SETS
from harness.synthesis.identity import NAME_MARK
from harness.synthesis.pixels import bitstreams


class RecipeError(Mistake):
    """A recipe can't be used: one line that says where and what to do."""


class Kind(Enum):
    """The kinds of object that a series may hold."""

    CT = "CT"
    MR = "MR"
    CR = "CR"
    US = "US"
    SR = "SR"
    SEG = "SEG"
    PR = "PR"
    KO = "KO"
    PDF = "PDF"

    @property
    def is_image(self) -> bool:
        """Whether the objects are images drawn or placed here."""
        return self in _IMAGES

    @property
    def refers(self) -> bool:
        """Whether the objects refer to images of an earlier series of their study."""
        return self in _REFERRING


_IMAGES = frozenset({Kind.CT, Kind.MR, Kind.CR, Kind.US})
_REFERRING = frozenset({Kind.SR, Kind.SEG, Kind.PR, Kind.KO})

TRANSFER_SYNTAXES: dict[str, str] = {
    "implicit": str(ImplicitVRLittleEndian),
    "explicit": str(ExplicitVRLittleEndian),
    "deflated": str(DeflatedExplicitVRLittleEndian),
    "big-endian": str(ExplicitVRBigEndian),
}
"""Names used in recipes.  A compressed transfer syntax comes with its `pixels` instead."""


@dataclass(frozen=True)
class SeriesRecipe:
    """One series.  `of` is the position, from 1, of the image series that SR, SEG, PR and KO refer to."""

    kind: Kind
    instances: int = 1
    rows: int = 64
    columns: int = 64
    frames: int = 1
    transfer_syntax: str = "explicit"
    pixels: str = ""
    private: bool = False
    depth: int = 0
    of: int = 1
    description: str = ""


@dataclass(frozen=True)
class StudyRecipe:
    """One study: date as DA, time as TM."""

    series: tuple[SeriesRecipe, ...]
    date: str = "20240229"
    time: str = "093000"
    description: str = "Synthetic study"
    referring_physician: str = "PHTEST^Referrer"


@dataclass(frozen=True)
class PatientRecipe:
    """One patient: name as PN, its ideographic and phonetic groups included."""

    name: str
    study: tuple[StudyRecipe, ...]
    sex: str = "O"
    birth_date: str = "19600229"
    character_set: str = "ascii"


@dataclass(frozen=True)
class Recipe:
    """A whole set.  `name` is the file's, without its suffix."""

    name: str
    patient: tuple[PatientRecipe, ...]
    description: str = ""
    seed: int = 1


_LIMITS: dict[str, tuple[int, int]] = {
    "instances": (1, 10_000),
    "rows": (1, 8192),
    "columns": (1, 8192),
    "frames": (1, 1000),
    "depth": (0, 200),
    "of": (1, 1000),
    "seed": (0, 2**32 - 1),
}


def load_recipe(recipe: str | Path) -> Recipe:
    """Read a recipe: the name of one that ships with the package, or the path of a TOML file.

    Raises RecipeError, in one line, if there is none, it is no TOML, or a key or a value is not allowed.
    """
    path = Path(recipe)
    if path.suffix != ".toml":
        path = content_folder("datasets") / f"{recipe}.toml"
        if not path.is_file():
            shipped = ", ".join(sorted(one.stem for one in path.parent.glob("*.toml")))
            raise RecipeError(
                f"there is no recipe {str(recipe)!r}: take one of {shipped}, or a path to a .toml file"
            )
    try:
        table = parsed_toml(path.read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not UTF-8, which TOML must be") from error
    except ValueError as error:
        raise RecipeError(f"{path}: is no TOML: {error}") from error
    return read_recipe(table, path.stem, str(path))


def read_recipe(table: Mapping[str, Any], name: str, where: str) -> Recipe:
    """The recipe that a parsed TOML document states; `where` goes in front of error messages."""
    keys = _Keys(table, where, {"description", "seed", "patient"})
    patients = tuple(
        _patient(entry, f"{where}: patient {n}") for n, entry in enumerate(keys.tables("patient"), 1)
    )
    return Recipe(name, patients, keys.text("description", ""), keys.number("seed", 1))


def _patient(table: Mapping[str, Any], where: str) -> PatientRecipe:
    keys = _Keys(table, where, {"name", "sex", "birth_date", "character_set", "study"})
    name = keys.text("name")
    if not re.match(rf"{NAME_MARK}\b", name):
        raise RecipeError(
            f"{where}: name {name!r} must start with {NAME_MARK}, the mark of a synthetic patient"
        )
    return PatientRecipe(
        name=name,
        study=tuple(_study(entry, f"{where}, study {n}") for n, entry in enumerate(keys.tables("study"), 1)),
        sex=keys.choice("sex", "O", ("M", "F", "O")),
        birth_date=keys.date("birth_date", "19600229"),
        character_set=keys.choice("character_set", "ascii", tuple(CHARACTER_SETS)),
    )


def _study(table: Mapping[str, Any], where: str) -> StudyRecipe:
    keys = _Keys(table, where, {"date", "time", "description", "referring_physician", "series"})
    series = tuple(_series(entry, f"{where}, series {n}") for n, entry in enumerate(keys.tables("series"), 1))
    for n, one in enumerate(series, 1):
        if one.kind.refers:
            _check_reference(one, series[: n - 1], f"{where}, series {n}")
    return StudyRecipe(
        series=series,
        date=keys.date("date", "20240229"),
        time=keys.time("time", "093000"),
        description=keys.text("description", "Synthetic study"),
        referring_physician=keys.text("referring_physician", "PHTEST^Referrer"),
    )


def _check_reference(one: SeriesRecipe, earlier: tuple[SeriesRecipe, ...], where: str) -> None:
    if one.of > len(earlier) or not earlier[one.of - 1].kind.is_image:
        raise RecipeError(
            f"{where}: of = {one.of} must be the position of an earlier image series of the study"
        )
    images = earlier[one.of - 1]
    if one.kind is Kind.SEG and (images.kind not in {Kind.CT, Kind.MR} or images.pixels):
        raise RecipeError(f"{where}: a SEG needs a CT or MR series that is not compressed to refer to")
    if one.kind is Kind.PR and images.kind is Kind.US:
        raise RecipeError(
            f"{where}: a PR needs a series of single-frame grayscale images to refer to, not US"
        )


def _series(table: Mapping[str, Any], where: str) -> SeriesRecipe:
    keys = _Keys(table, where, set(SeriesRecipe.__dataclass_fields__))
    kind = Kind(keys.choice("kind", None, tuple(one.value for one in Kind)))
    pixels = keys.text("pixels", "")
    if pixels:
        if pixels not in bitstreams():
            raise RecipeError(
                f"{where}: there are no pixels {pixels!r}: take one of {', '.join(bitstreams())}"
            )
        for key in {"rows", "columns", "transfer_syntax"} & table.keys():
            raise RecipeError(f"{where}: {key} goes without pixels: the compressed file decides it")
        _check_pixels(kind, pixels, where)
    if not kind.is_image:
        for key in sorted({"rows", "columns", "frames", "pixels"} & table.keys()):
            raise RecipeError(f"{where}: {key} is for images, not for {kind.value}")
    if kind is not Kind.US and "frames" in table:
        raise RecipeError(f"{where}: frames is for US, not for {kind.value}")
    return SeriesRecipe(
        kind=kind,
        instances=keys.number("instances", 1),
        rows=keys.number("rows", 64),
        columns=keys.number("columns", 64),
        frames=keys.number("frames", 1),
        transfer_syntax=keys.choice("transfer_syntax", "explicit", tuple(TRANSFER_SYNTAXES)),
        pixels=pixels,
        private=keys.flag("private"),
        depth=keys.number("depth", 0),
        of=keys.number("of", 1),
        description=keys.text("description", ""),
    )


def _check_pixels(kind: Kind, pixels: str, where: str) -> None:
    """What the IODs demand: 16 bits allocated for CT and MR (PS3.3 C.8.2.1, C.8.3.1), 8 for US (C.8.5.6)."""
    bitstream = bitstreams()[pixels]
    if kind in {Kind.CT, Kind.MR} and (bitstream.bits_allocated != 16 or bitstream.samples_per_pixel != 1):
        raise RecipeError(
            f"{where}: {kind.value} needs pixels of one sample with 16 bits allocated, not {pixels!r}"
        )
    if kind is Kind.CR and bitstream.samples_per_pixel != 1:
        raise RecipeError(f"{where}: CR needs pixels of one sample, not {pixels!r}")
    if kind is Kind.US and bitstream.bits_allocated != 8:
        raise RecipeError(f"{where}: US needs pixels with 8 bits allocated, not {pixels!r}")


class _Keys:
    """The keys of one TOML table, each taken with its type; one that isn't `allowed` is refused."""

    def __init__(self, table: Mapping[str, Any], where: str, allowed: set[str]) -> None:
        self._table = table
        self._where = where
        for key in table:
            if key not in allowed:
                raise RecipeError(f"{where}: unknown key {key!r}: take one of {', '.join(sorted(allowed))}")

    def _take(self, key: str, default: object, kind: type, kind_name: str) -> Any:
        value = self._table.get(key, default)
        if value is None:
            raise RecipeError(f"{self._where}: {key} is missing")
        if type(value) is not kind:
            raise RecipeError(f"{self._where}: {key} must be {kind_name}, not {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return str(self._take(key, default, str, "a string"))

    def flag(self, key: str) -> bool:
        return bool(self._take(key, False, bool, "true or false"))

    def number(self, key: str, default: int) -> int:
        value = int(self._take(key, default, int, "a whole number"))
        low, high = _LIMITS[key]
        if not low <= value <= high:
            raise RecipeError(f"{self._where}: {key} = {value} must be from {low} to {high}")
        return value

    def choice(self, key: str, default: str | None, allowed: tuple[str, ...]) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise RecipeError(f"{self._where}: {key} = {value!r} must be one of {', '.join(allowed)}")
        return value

    def date(self, key: str, default: str) -> str:
        value = self.text(key, default)
        try:
            if not re.fullmatch(r"[0-9]{8}", value):
                raise ValueError
            date(int(value[:4]), int(value[4:6]), int(value[6:]))
        except ValueError:
            raise RecipeError(f"{self._where}: {key} = {value!r} is no date as YYYYMMDD") from None
        return value

    def time(self, key: str, default: str) -> str:
        value = self.text(key, default)
        try:
            if not re.fullmatch(r"[0-9]{6}(\.[0-9]{1,6})?", value):
                raise ValueError
            time(int(value[:2]), int(value[2:4]), int(value[4:6]))
        except ValueError:
            raise RecipeError(
                f"{self._where}: {key} = {value!r} is no time as HHMMSS or HHMMSS.FFFFFF"
            ) from None
        return value

    def tables(self, key: str) -> list[Mapping[str, Any]]:
        value = self._table.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise RecipeError(f"{self._where}: needs at least one {key}, each as a table of its own ([[…]])")
        return value
