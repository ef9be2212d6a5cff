"""Which variants may share an archive, and that a shared archive has the peculiarities of all of them."""

from __future__ import annotations

from harness.archive.semantics import Semantics
from tests.variants import together
from tests.variants.seed import Variant


class Quiet(Semantics):
    def farewell(self) -> bytes:
        return b""


class Hurried(Semantics):
    def artim(self) -> float:
        return super().artim() / 2


class Slow(Semantics):
    def artim(self) -> float:
        return super().artim() * 6


class Fixed(Semantics):
    def artim(self) -> float:
        return 7.0


def variant(kind: type, *, alone: bool = False) -> Variant:
    return Variant(f"test_together.{kind.__name__}", "", "", f"{__name__}:{kind.__name__}", alone)


def names(*variants: Variant) -> list[list[str]]:
    return [[one.name.partition(".")[2] for one in group] for group in together.apart(variants)]


def test_those_that_change_different_things_share_an_archive() -> None:
    assert names(variant(Quiet), variant(Fixed)) == [["Quiet", "Fixed"]]


def test_of_one_thing_all_have_to_hand_on_what_others_make_of_it() -> None:
    assert names(variant(Hurried), variant(Fixed), variant(Slow)) == [["Hurried", "Slow"], ["Fixed"]]


def test_what_leaves_out_what_others_are_seen_by_is_alone() -> None:
    assert names(variant(Quiet, alone=True), variant(Fixed), variant(Hurried)) == [
        ["Quiet"],
        ["Fixed"],
        ["Hurried"],
    ]


def test_an_archive_has_all_of_them() -> None:
    _, _, name = together.where([variant(Hurried), variant(Slow), variant(Quiet)]).partition(":")
    kind = getattr(together, name)
    assert issubclass(kind, Hurried)
    assert issubclass(kind, Slow)
    assert issubclass(kind, Quiet)
