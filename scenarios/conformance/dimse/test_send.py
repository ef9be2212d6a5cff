"""How messages are cut into P-DATA-TF PDUs by the product (PS3.8 annex E)."""

from __future__ import annotations

import pytest

from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.scu.survey import all_observed, survey
from harness.synthesis import SyntheticStudy

EXACT = (2, 4, 8)
"""Numbers of fragments that an object of the study is cut into without a rest."""


@requirement("PS3.8 E.1", SHALL, "Each fragment sent has an even number of bytes.")
@pytest.mark.parametrize("maximum_length", [127, 129, 511])
def test_even_fragments(scu: Scu, stored_study: SyntheticStudy, maximum_length: int) -> None:
    messages = all_observed(survey(scu, stored_study, maximum_length=maximum_length))
    odd = [len(pdv.data) for message in messages for pdv in message.pdvs if len(pdv.data) % 2]
    assert not odd, f"fragments of odd length where the maximum is {maximum_length}: {odd[:5]}"


@requirement("PS3.8 E.1", SHALL, "No PDV is sent that has only its control header.")
@pytest.mark.parametrize("parts", EXACT)
def test_no_empty_pdv(scu: Scu, stored_study: SyntheticStudy, parts: int) -> None:
    fragment = len(stored_study.instance(0).dataset) // parts // 2 * 2
    for message in all_observed(survey(scu, stored_study, maximum_length=fragment + 6)):
        empty = [pdv for pdv in message.pdvs if not pdv.data]
        assert not empty, f"{message.command.name}: {len(empty)} of {len(message.pdvs)} PDVs are empty"


@requirement("PS3.8 E.1", SHALL, "Fragments of one message aren't mixed with those of another.")
def test_no_interleaving(scu: Scu, stored_study: SyntheticStudy) -> None:
    # Small PDUs give many fragments; a command among those of a data set is a violation.
    for exchange in survey(scu, stored_study, maximum_length=128):
        assert exchange.observed[-1].is_final, f"{exchange.request.name} has no final response"


@requirement("PS3.8 E.1", SHALL, "The PDVs of one P-DATA-TF belong to one message.")
def test_one_message_per_pdata(scu: Scu, stored_study: SyntheticStudy) -> None:
    # A PDV after the last one of a message is a violation.
    for exchange in survey(scu, stored_study):
        assert exchange.observed[-1].is_final, f"{exchange.request.name} has no final response"


@requirement("PS3.8 E.2", SHALL, "Bits 2 to 7 of the control header are zero.")
def test_control_header_bits(scu: Scu, stored_study: SyntheticStudy) -> None:
    for message in all_observed(survey(scu, stored_study, maximum_length=128)):
        headers = {pdv.header for pdv in message.pdvs}
        assert headers <= {0, 1, 2, 3}, f"{message.command.name}: control headers {sorted(headers)}"
