from __future__ import annotations

import pytest

from harness.synthesis import NAME_MARK, ROOT, Identity, new_run_root, valid_uid


def test_a_run_lies_below_the_projects_root_and_leaves_room_for_the_longest_uid():
    root = new_run_root()
    assert root.startswith(ROOT + ".")
    identity = Identity(root, "worker 7")
    assert valid_uid(identity.uid())
    assert len(root) + len(".9999999.99999999") <= 64


def test_what_is_minted_is_unique_across_labels_of_a_run():
    labels = [Identity("1.2.3", f"gw{n}") for n in range(8)]
    for mint in (Identity.uid, Identity.patient_id, Identity.accession_number, Identity.study_id):
        minted = [mint(identity) for identity in labels for _ in range(50)]
        assert len(set(minted)) == len(minted)


def test_lengths_hold_to_the_value_representations():
    identity = Identity(new_run_root(), "lengths")
    for _ in range(100):
        assert len(identity.accession_number()) == 16
        assert len(identity.study_id()) == 16
        patient_id = identity.patient_id()
        assert patient_id.startswith(f"{NAME_MARK}-")
        assert len(patient_id) <= 64


def test_same_root_and_label_mint_the_same_sequence():
    one, two, other = Identity("1.2.3", "a"), Identity("1.2.3", "a"), Identity("1.2.3", "b")
    first = [one.uid() for _ in range(5)]
    assert first == [two.uid() for _ in range(5)]
    assert not set(first) & {other.uid() for _ in range(5)}


@pytest.mark.parametrize("root", ["", "1.02.3", "1..2", "a.b", "1", "2.25." + "1" * 43])
def test_a_bad_root_is_refused(root: str):
    with pytest.raises(ValueError, match="UID root"):
        Identity(root, "x")


@pytest.mark.parametrize(
    ("uid", "valid"),
    [("1.2.0", True), ("1.2.00", False), ("1.2.", False), ("1" + ".1" * 31, True), ("1" + ".1" * 32, False)],
)
def test_valid_uid(uid: str, valid: bool):
    assert valid_uid(uid) is valid
