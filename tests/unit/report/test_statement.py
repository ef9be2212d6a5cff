"""The observed conformance statement is what stands in a Run, says how it was seen, and obeys its schema."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from harness.behaviour import (
    Behaviour,
    CharacterSetAnswer,
    Initiated,
    KeyAnswer,
    LevelKeys,
    Matching,
    Policies,
    ProposedClass,
    StatusAnswer,
)
from harness.capabilities import Capabilities, capabilities_from_json
from harness.claims import statement_from_json
from harness.content import content_folder
from harness.report.statement import NothingSeen, statement
from harness.report.statement_page import statement_json, statement_page
from harness.statement import Difference, How, Role
from harness.verdict import Outcome, Requirement, Result, Run, to_json
from tests.unit.report.conftest import NASTY

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT = "1.2.840.10008.1.2"


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour(
        policies=Policies(True, False, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "confirmed", 10, 10),
        statuses=(StatusAnswer("C-STORE", "object-again", 0xB000), StatusAnswer("C-ECHO", "asked", 0)),
        levels=(
            LevelKeys(
                FIND,
                "STUDY",
                (
                    KeyAnswer(
                        "PatientName",
                        (Matching.SINGLE, Matching.UNIVERSAL),
                        (Matching.WILD_CARD,),
                        True,
                    ),
                    KeyAnswer("NumberOfStudyRelatedSeries", (), (), True),
                    KeyAnswer("StudyDescription", (), (Matching.SINGLE,), False),
                ),
            ),
        ),
        character_sets=(CharacterSetAnswer("ISO_IR 192", True, True, "ISO_IR 192", None),),
        initiated=(
            Initiated("C-MOVE", "PACS", "1.2.3", "", 32768, None, (ProposedClass(CT, "CT", (IMPLICIT,)),)),
            Initiated(
                "Storage Commitment",
                "PACS",
                "1.2.3",
                "",
                None,
                (1, 1),
                (ProposedClass("1.2.840.10008.1.20.1", "Commitment", (IMPLICIT,), True),),
            ),
        ),
        moved_classes=(CT, MR),
        stored_objects=True,
        remarks=("something was not seen",),
    )


@pytest.fixture
def run(made_up_run: Run, capabilities: Capabilities, behaviour: Behaviour) -> Run:
    return replace(made_up_run, capabilities=replace(capabilities, behaviour=behaviour))


def test_roles_and_how_they_were_seen(run: Run) -> None:
    classes = statement(run).sop_classes or ()
    found = {(one.uid, one.role, one.activity): one for one in classes}
    assert found[CT, Role.SCP, ""].supported
    assert found[CT, Role.SCU, "C-GET"].supported
    assert not found[MR, Role.SCU, "C-GET"].supported
    assert found[CT, Role.SCU, "C-MOVE"].transfer_syntaxes == (IMPLICIT,)
    assert not found[MR, Role.SCU, "C-MOVE"].supported, "it was moved, and not proposed"
    assert found["1.2.840.10008.1.20.1", Role.SCP, "Storage Commitment"].supported
    assert not any(one.uid == "1.2.840.10008.5.1.4.1.1.9" for one in classes), "no answer says nothing"
    assert {one.how for one in classes} == {How.NEGOTIATED}


def test_queries_have_their_keys(run: Run) -> None:
    levels = {query.level: query for query in statement(run).queries or ()}
    assert (levels["STUDY"].supported, levels["SERIES"].supported) == (True, False)
    assert "IMAGE" not in levels, "no answer says nothing"
    name, number, description = levels["STUDY"].keys
    assert (name.tag, name.vr, name.matching) == ("(0010,0010)", "PN", (Matching.SINGLE, Matching.UNIVERSAL))
    assert (number.returned, number.matching) == (True, ())
    assert not description.returned


def test_policies_and_security(run: Run) -> None:
    found = statement(run)
    facts = {fact.name: fact for fact in (*(found.associations or ()), *(found.security or ()))}
    assert (facts["simultaneous-associations"].value, facts["simultaneous-associations"].at_least) == (
        10,
        True,
    )
    assert facts["asynchronous-operations-invoked"].value == 1
    assert facts["maximum-length-received"].value == 16384
    assert facts["maximum-length-received-as-initiator"].value == 32768
    assert facts["called-ae-title-checked"].value is True
    assert facts["calling-ae-title-checked"].value is False
    assert facts["tls-version"].value == "TLSv1.3"


@pytest.mark.parametrize(
    ("outcome", "closed", "artim"),
    [(Outcome.PASS, True, 30.0), (Outcome.FAIL, False, None), (Outcome.NOT_TESTED, None, None)],
)
def test_the_timer_is_inferred(run: Run, outcome: Outcome, closed: bool | None, artim: float | None) -> None:
    requirement: Requirement = replace(run.results[0].requirement, id="association.timer.no-request")
    timed = replace(
        run,
        results=(Result(requirement, outcome, "", 0.1),),
        target={**run.target, "claims": {"artim": 30.0}},
    )
    facts = {fact.name: fact for fact in statement(timed).associations or ()}
    assert (facts["idle-connection-closed"].value if closed is not None else None) == closed
    assert (facts["artim-seconds"].value if "artim-seconds" in facts else None) == artim
    for name in ("idle-connection-closed", "artim-seconds"):
        assert name not in facts or facts[name].how is How.INFERRED


def test_a_timer_that_was_watched_counts_before_outcomes(run: Run, behaviour: Behaviour) -> None:
    assert run.capabilities is not None
    policies = replace(behaviour.policies, silent_closed_after=30.04, silent_watched_for=75.0)
    seen = replace(run.capabilities, behaviour=replace(behaviour, policies=policies))
    facts = {fact.name: fact.value for fact in statement(replace(run, capabilities=seen)).associations or ()}
    assert (facts["idle-connection-closed"], facts["artim-seconds"]) == (True, 30.0)


@pytest.mark.parametrize(("kept", "level"), [(True, 2), (False, 1), (None, None)])
def test_the_level_of_storage_is_inferred(
    run: Run, behaviour: Behaviour, kept: bool | None, level: int | None
) -> None:
    assert run.capabilities is not None
    seen = replace(run.capabilities, behaviour=replace(behaviour, elements_kept=kept))
    facts = {
        fact.name: fact for fact in statement(replace(run, results=(), capabilities=seen)).associations or ()
    }
    assert ("elements-kept" in facts) == (kept is not None)
    assert (facts["storage-level"].value if "storage-level" in facts else None) == level


def test_json_obeys_the_schema_and_comes_back(run: Run) -> None:
    found = statement(run)
    document = json.loads(statement_json(found))
    schema = json.loads((content_folder("reports") / "schema" / "statement.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    assert statement_from_json(document, "statement.json") == found


def test_behaviour_is_part_of_a_run(run: Run) -> None:
    document = json.loads(json.dumps(to_json(run)))
    schema = json.loads((content_folder("reports") / "schema" / "run.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(document)
    assert capabilities_from_json(document["capabilities"]) == run.capabilities
    document["capabilities"]["behaviour"]["levels"][0]["keys"][0]["matching"] = ["fuzzy"]
    assert not Draft202012Validator(schema).is_valid(document)


def test_the_page_says_it_in_words(run: Run) -> None:
    page = statement_page(statement(run), Difference(("X: wild-card matching",), ("Y",), ("Z",)))
    for words in (
        "1 of what is promised was looked for and not found",
        "X: wild-card matching",
        "an object that it has already",
        "B000",
        "S, U",
        "NONE",
        "PS3.2 A.4.2.1.4",
        "something was not seen",
        "TLSv1.3",
        "Number of Study Related Series",
    ):
        assert words in page, words


def test_an_observer_says_what_was_not_looked_at(run: Run, capabilities: Capabilities) -> None:
    seen = replace(capabilities, behaviour=Behaviour(policies=Policies(True)))
    page = statement_page(statement(replace(run, capabilities=seen)))
    assert "the keys were not looked at" in page
    assert "Not looked at: that takes stored objects." in page
    assert "Against the claims" not in page


def test_a_run_that_looked_at_nothing_has_no_statement(made_up_run: Run) -> None:
    with pytest.raises(NothingSeen, match="did not look"):
        statement(replace(made_up_run, capabilities=None))


def test_a_run_from_before_behaviour_says_so(run: Run, capabilities: Capabilities) -> None:
    found = statement(replace(run, capabilities=capabilities))
    assert found.statuses == ()
    assert "keys, statuses, character sets and policies" in found.about.not_seen


def test_an_attack_is_text(nasty_run: Run) -> None:
    assert nasty_run.capabilities is not None
    nasty = Behaviour(
        policies=Policies(tls_version=NASTY, tls_cipher_suite=NASTY, user_identity=NASTY),
        statuses=(StatusAnswer(NASTY, NASTY, 0),),
        levels=(LevelKeys(NASTY, NASTY, (KeyAnswer(NASTY, (), (), True),)),),
        character_sets=(CharacterSetAnswer(NASTY, True, True, NASTY, True),),
        initiated=(Initiated(NASTY, NASTY, NASTY, NASTY, 0, None, (ProposedClass(NASTY, NASTY, (NASTY,)),)),),
        remarks=(NASTY,),
    )
    seen = replace(nasty_run.capabilities, behaviour=nasty)
    page = statement_page(
        statement(replace(nasty_run, capabilities=seen)), Difference((NASTY,), (NASTY,), (NASTY,))
    )
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
