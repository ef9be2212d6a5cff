"""Elements of VR UN (PS3.5 6.2.2).  What is judged at which level: see `test_sequence`."""

from __future__ import annotations

from harness.plugin.keeping import Keeper
from harness.scenario import SHALL, requirement
from harness.synthesis import shapes


@requirement("PS3.5 6.2.2", SHALL, "The value of a UN element is opaque: any byte may be in it.")
def test_defined_length(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.un_of_defined_length())
    assert not wrong, wrong


@requirement("PS3.5 6.2.2", SHALL, "A UN of undefined length is a sequence whose items are in Implicit VR.")
def test_undefined_length(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.un_of_undefined_length())
    assert not wrong, wrong


@requirement("PS3.5 6.2.2", SHALL, "Attributes of the standard that come as UN are read.")
def test_standard_tag(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.un_of_standard_tags())
    assert not wrong, wrong
