"""What hostile values do to the product: error comments, file names, queries (CWE-209, CWE-22, CWE-89).

Nothing is damaged: values that could reach a file name or a query of a database are chosen so that what they
did shows, and does no harm.  What is stored is synthetic.
"""

from __future__ import annotations

import contextlib
import secrets
import socket

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.errors import ConnectionClosed, DimseError, NoAnswer, NotAccepted, PeerAborted
from harness.plugin.fixtures import Corpus
from harness.scenario import CRITICAL, MEDIUM, expect_service, not_tested, safeguard
from harness.scu.find import find, find_encoded, find_with
from harness.scu.identifier import keys_of
from harness.scu.move import move_with
from harness.scu.session import Scu
from harness.scu.status import describe, was_done
from harness.scu.store import note_stored, open_for, store_dataset
from harness.scu.uids import QueryLevel, Root
from harness.security.escapes import escaped, escapes, remove
from harness.security.places import UNNAMED
from harness.security.revealing import revealed, speaks_sql
from harness.synthesis import SyntheticInstance, SyntheticStudy, variant
from harness.target import Target


def no_such_level(scu: Scu, corpus: Corpus) -> CommandSet:
    with scu.open(Root.STUDY.find) as association:
        return find_with(association, Root.STUDY.find, keys_of("GALAXY", {"PatientID": None})).final


def no_data_set(scu: Scu, corpus: Corpus) -> CommandSet:
    with scu.open(Root.STUDY.find) as association:
        return find_encoded(association, Root.STUDY.find, b"\xff" * 40).final


def over_long(scu: Scu, corpus: Corpus) -> CommandSet:
    keys = {"PatientID": "9" * 3000, "StudyInstanceUID": "1." * 200 + "1", "StudyDate": "20250231-2025"}
    with scu.open(Root.STUDY.find) as association:
        return find_with(association, Root.STUDY.find, keys_of(QueryLevel.STUDY, keys)).final


def nowhere(scu: Scu, corpus: Corpus) -> CommandSet:
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": corpus.identity.uid()})
    with scu.open(Root.STUDY.move) as association:
        return move_with(association, Root.STUDY.move, "PHNOWHERE", keys).final


def stored_as(scu: Scu, instance: SyntheticInstance, named: str, *, lacks: int = 0) -> CommandSet:
    """The answer to an object that is sent under this UID, without its last ``lacks`` bytes."""
    association, instance = open_for(scu, instance)
    with association:
        response = store_dataset(
            association,
            instance.dataset[: len(instance.dataset) - lacks],
            sop_class=instance.sop_class,
            sop_instance_uid=named,
            transfer_syntax=instance.transfer_syntax,
        )
    note_stored(scu, instance, response)
    return response


def two_uids(scu: Scu, corpus: Corpus) -> CommandSet:
    instance = corpus.new_study().instance(0)
    return stored_as(scu, instance, corpus.identity.uid())


def cut_off(scu: Scu, corpus: Corpus) -> CommandSet:
    instance = corpus.new_study().instance(0)
    return stored_as(scu, instance, instance.sop_instance_uid, lacks=100)


PROVOCATIONS = {
    "no-such-level": no_such_level,
    "no-data-set": no_data_set,
    "over-long-values": over_long,
    "no-such-destination": nowhere,
    "two-uids": two_uids,
    "cut-off-object": cut_off,
}


@pytest.mark.hostile
@pytest.mark.odd
@safeguard(
    "CWE-209",
    MEDIUM,
    "An error comment tells what is wrong with the request, and nothing of the server's insides.",
    remedy="Have the product answer with the status and a text of its own, and write the error itself to its"
    " log alone.",
)
@pytest.mark.parametrize("name", PROVOCATIONS)
def test_comment_tells_no_insides(scu: Scu, corpus: Corpus, target: Target, writes: None, name: str) -> None:
    try:
        response = PROVOCATIONS[name](scu, corpus)
    except (PeerAborted, ConnectionClosed):
        return  # who ends the association tells nothing
    except NoAnswer:
        expect_service(scu, f"a request that is not answered ({name})")
        return  # nor does who is silent: whether he may be is for others to say
    host = socket.gethostname() if target.is_loopback() else ""
    for keyword, value in response.items():
        told = revealed(value, host) if isinstance(value, str) else None
        assert told is None, f"{name}: {keyword} of the response gives away {told}"


@pytest.mark.intrusive
@pytest.mark.hostile
@pytest.mark.odd
@safeguard(
    "CWE-22",
    CRITICAL,
    "An identifier that is a path does not become the path of a file.",
    remedy="Have the product name files by values of its own (a number, a hash), and refuse UIDs with other"
    " characters than digits and dots (PS3.5 9.1). Look for files of odd names beside its folders.",
)
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "PatientID"])
def test_no_path_traversal(
    scu: Scu, corpus: Corpus, target: Target, stored_study: SyntheticStudy, keyword: str
) -> None:
    token = f"phtest{secrets.token_hex(6)}"
    original = corpus.new_study().instance(0)
    taken = []
    for escape in escapes(token):
        hostile = variant(corpus.identity, original, **{keyword: escape.value})
        # To refuse or abort is right, and so is to store: here it is where the object ends up.
        try:
            response = stored_as(scu, hostile, hostile.sop_instance_uid)
        except NotAccepted:
            raise
        except DimseError:
            continue
        taken += [escape.name] if was_done(response.integer("Status")) else []
    found = escaped(token, target)
    left = [path for path in found if not remove(path)]
    assert not found, (
        f"{keyword} with a path made {', '.join(map(str, found))}"
        f" ({'to be removed: they hold synthetic objects' if left else 'removed again'})"
    )
    expect_service(scu, f"objects whose {keyword} is a path")
    with contextlib.suppress(NotAccepted):  # what only stores can not be asked
        still_found(scu, stored_study)
    if taken and not target.security.data:
        raise not_tested(f"objects were taken ({', '.join(taken)}); {UNNAMED}")


ENOUGH = 20
"""Matches after which a query that should have none is cancelled."""
NOBODY = (
    "' OR '1'='1",
    "' OR 1=1 -- ",
    '" OR ""="',
    "'; --",
    "%",
    "PHTEST-%",
    "$(true)",
    "`true`",
    "|true;",
    ")(cn=",
    "$ne",
)
"""Patient IDs that nobody has: whoever finds somebody by them does not take them for values.  Wild cards of
databases within a value are judged by find.wildcard.metacharacters-literal."""


@safeguard(
    "CWE-89, CWE-943, PS3.4 C.2.2.2.1",
    CRITICAL,
    "A key of a query is a value, and no piece of a statement to a database.",
    remedy="Have the vendor pass values to the database as bound parameters, with its wild cards escaped."
    " Until then let known callers alone query.",
)
@pytest.mark.parametrize("value", NOBODY)
def test_key_is_no_statement(scu: Scu, stored_study: SyntheticStudy, value: str) -> None:
    keys = {"StudyInstanceUID": None, "PatientID": value}
    try:
        with scu.open(Root.STUDY.find) as association:
            asked = keys_of(QueryLevel.STUDY, keys)
            matches = find_with(association, Root.STUDY.find, asked, cancel_after=ENOUGH)
    except (PeerAborted, ConnectionClosed):
        matches = None
    if matches is not None:
        # Patients of unknown ID match every key (PS3.4 C.2.2.1.2).
        others = [one.text("PatientID") for one in matches.where_known("PatientID").identifiers]
        wrong = [one for one in others if one != value]
        assert not wrong, f"the Patient ID {value!r}, which nobody has, finds {len(wrong)} studies of others"
        comment = str(matches.final.get("ErrorComment", ""))
        assert not speaks_sql(comment, own=(value,)), (
            f"the Patient ID {value!r} is answered {describe(matches.final)}"
        )
    still_found(scu, stored_study)


def still_found(scu: Scu, study: SyntheticStudy) -> None:
    """A study that was there before is there still."""
    keys = {"StudyInstanceUID": study.study_uid}
    found = find(scu, Root.STUDY, QueryLevel.STUDY, keys).where_known("StudyInstanceUID")
    is_there = study.study_uid in found.texts("StudyInstanceUID")
    assert is_there, "a study that was stored before is no longer found"
