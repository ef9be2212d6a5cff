"""How command sets are encoded (PS3.7 6.3.1)."""

from __future__ import annotations

from harness.dimse.command import KEYWORDS
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.acceptance import is_uid
from harness.scu.echo import echo
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.survey import all_observed, survey
from harness.scu.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    VERIFICATION,
    QueryLevel,
)

UIDS = ("AffectedSOPClassUID", "RequestedSOPClassUID", "AffectedSOPInstanceUID", "RequestedSOPInstanceUID")
ERROR_COMMENT_LIMIT = 64


@requirement(
    "PS3.7 6.3.1",
    SHALL,
    "Command sets are Implicit VR Little Endian, whatever the context's transfer syntax.",
)
def test_implicit_little_endian(scu: Scu, corpus: Corpus) -> None:
    # What is encoded otherwise does not decode as a command set.  The last context can always be accepted: a
    # product may reject an association of which it takes none.
    for syntax in (EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN):
        proposals = ((VERIFICATION, (syntax,)), (STUDY_ROOT_FIND, (syntax,)), VERIFICATION)
        with scu.open(*proposals) as association:
            accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
            if VERIFICATION in accepted:
                echo(association)
            if STUDY_ROOT_FIND in accepted and syntax == EXPLICIT_VR_LITTLE_ENDIAN:
                keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": corpus.new_study().study_uid})
                find_with(association, STUDY_ROOT_FIND, keys)


@requirement(
    "PS3.7 9.3.5.2", SHALL, "The command group length counts the bytes that follow it in the command set."
)
def test_group_length(scu: Scu, corpus: Corpus) -> None:
    for message in all_observed(survey(scu, corpus.new_study())):
        command = b"".join(pdv.data for pdv in message.pdvs if pdv.is_command)
        stated = int.from_bytes(command[8:12], "little")
        assert command[:8] == bytes((0, 0, 0, 0, 4, 0, 0, 0)), (
            f"{message.command.name} begins with {command[:8].hex()}"
        )
        assert stated == len(command) - 12, (
            f"{message.command.name}: {stated} stated, {len(command) - 12} bytes follow"
        )


@requirement(
    "PS3.7 6.3.1", SHALL, "Command elements come in rising order of tags, each once, with even lengths."
)
def test_ordered_and_unique(scu: Scu, corpus: Corpus) -> None:
    for message in all_observed(survey(scu, corpus.new_study())):
        tags = [tag for tag, _ in message.command.elements]
        assert tags == sorted(set(tags)), f"{message.command.name}: {', '.join(message.command)}"
        odd = [tag for tag, data in message.command.elements if len(data) % 2]
        assert not odd, (
            f"{message.command.name}: odd lengths of {', '.join(KEYWORDS.get(tag, hex(tag)) for tag in odd)}"
        )


@requirement("PS3.7 6.3.1", SHALL, "The values of command elements have the VR of the command dictionary.")
def test_value_representations(scu: Scu, corpus: Corpus) -> None:
    for message in all_observed(survey(scu, corpus.new_study())):
        command = message.command
        for keyword in command:
            command.get(keyword)  # a number of another length is a violation
        for keyword in UIDS:
            value = (command.raw(keyword) or b"").decode("latin-1")
            bare = value.removesuffix("\0")
            assert not value or is_uid(bare), f"{command.name}: {keyword} is {value!r}"
        comment = command.raw("ErrorComment") or b""
        assert len(comment) <= ERROR_COMMENT_LIMIT, (
            f"{command.name}: an Error Comment of {len(comment)} bytes"
        )
