"""Keys of queries with what search engines, shells and parsers stumble over, and what may come back.

Identifiers are in Implicit VR Little Endian, which every product takes (PS3.5 10.1).
"""

from __future__ import annotations

import re
import warnings
from collections import deque
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.dimse.errors import ConnectionClosed, NoAnswer, PeerAborted, PeerViolation, Unreachable
from harness.dimse.walker import IMPLICIT_LITTLE, walk
from harness.findings import Symptom, Weight
from harness.fuzz.answer import Answer
from harness.fuzz.cases import Pace
from harness.fuzz.lines import Lines
from harness.fuzz.nodes import Node, encode
from harness.fuzz.trouble import Trouble
from harness.scu.find import Matches, find_encoded
from harness.scu.identifier import Identifier
from harness.scu.status import CANCEL, describe, is_failure
from harness.synthesis import NAME_MARK

LEVEL, STUDY_UID = 0x00080052, 0x0020000D
ANSWERED, FAILED, ENDED = "answered", "refused", "aborted"


@dataclass(frozen=True, slots=True)
class Key:
    """An attribute that is matched, and how long a value of it may be (PS3.5 table 6.2-1)."""

    keyword: str
    tag: int
    vr: str
    longest: int
    is_exact: bool
    """Whether a match has to have that very value but for padding: no person name, no date or range."""


KEYS = (
    Key("AccessionNumber", 0x00080050, "SH", 16, True),
    Key("PatientID", 0x00100020, "LO", 64, True),
    Key("StudyID", 0x00200010, "SH", 16, False),
    Key("PatientName", 0x00100010, "PN", 64, False),
    Key("StudyDate", 0x00080020, "DA", 18, False),
    Key("StudyTime", 0x00080030, "TM", 28, False),
    Key("ModalitiesInStudy", 0x00080061, "CS", 16, False),
    Key("StudyInstanceUID", STUDY_UID, "UI", 64, True),
    Key("StudyDescription", 0x00081030, "LO", 64, False),
)
"""Of studies; those that are compared are Required or Unique Keys (PS3.4 tables C.6-5 and C.6-2)."""

PIECES = {
    "wild card": ("*", "?", "**", "*?*", "?" * 16, "*a*b*c*d*"),
    "quote": ("'", '"', "''", "`", "' OR '1'='1", '" OR ""="', "'; DROP TABLE studies; --", "') OR 1=1 --"),
    "pattern of SQL": ("%", "_", "%%", "[a-z]", "!%", "x' LIKE '%"),
    "pattern of LDAP": ("*)(uid=*", ")(|(cn=*))", "\\2a"),
    "backslash": ("\\", "a\\b", "\\\\", "\\'"),
    "format": ("%s%n%x", "{0}", "${jndi:x}", "$(id)", "{{7*7}}"),
    "path": ("../../etc/passwd", "..\\..\\x", "/dev/zero", "C:\\x"),
    "control character": ("\0", "\x1b$B", "\n", "\r\n", "\x7f", "\x1b"),
    "beyond ASCII": ("\xe9", "\xff\xfe", "\xc3\xa9", "\x80"),
    "range": ("-", "20240101-", "-20240101", "20241301", "00000000-99999999", "20240101-20230101", "--"),
    "plain": ("A", "1", "1.2.3", " ", NAME_MARK, "P"),
}
"""By the trait that each gives to a case; characters are bytes (Latin-1)."""
LONG = (17, 65, 1024, 65_536)
LISTS = (2, 100, 4_000)
"""UIDs in a list."""
_LITERAL = re.compile(r"[ -\[\]-~]*")
"""Printable ASCII without a backslash."""


@dataclass(frozen=True, slots=True)
class IdentifierCase:
    """The Identifier of a C-FIND at STUDY level with one key that is matched."""

    keyword: str
    value: bytes = field(repr=False)
    traits: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the key's value."""
        return len(self.value)

    @property
    def marks(self) -> frozenset[str]:
        """What tells its causes apart from those of other cases."""
        return frozenset(self.traits)

    @property
    def key(self) -> Key:
        """The key by that name."""
        return next(key for key in KEYS if key.keyword == self.keyword)

    @property
    def identifier(self) -> bytes:
        """Encoded; the Study Instance UID is asked for too."""
        key = self.key
        padded = self.value + (b"\0" if key.vr == "UI" else b" ") * (len(self.value) % 2)
        nodes = {LEVEL: Node(LEVEL, "CS", b"STUDY "), STUDY_UID: Node(STUDY_UID, "UI")}
        nodes[key.tag] = Node(key.tag, key.vr, padded)
        return encode((nodes[tag] for tag in sorted(nodes)), IMPLICIT_LITTLE)


def identifier_cases() -> SearchStrategy[IdentifierCase]:
    """A key with a value of a few odd pieces, a very long one, or a long list of UIDs."""
    return st.one_of(_values(), _long_values(), _lists())


def _values() -> SearchStrategy[IdentifierCase]:
    """By trait first, so that each is as frequent as the next whatever it has to offer."""
    piece = st.sampled_from(tuple(PIECES)).flatmap(
        lambda trait: st.sampled_from([(trait, text) for text in PIECES[trait]])
    )

    def case(key: Key, pieces: list[tuple[str, str]]) -> IdentifierCase:
        value = "".join(text for _, text in pieces).encode("latin-1")
        traits = dict.fromkeys(trait for trait, text in pieces if trait != "plain")
        return IdentifierCase(key.keyword, value, (key.keyword, *traits))

    exact = [key for key in KEYS if key.is_exact]
    return st.builds(
        case,
        st.sampled_from((*exact, *KEYS)),
        st.one_of(*(st.lists(piece, min_size=n, max_size=n) for n in (1, 2, 4))),
    )


def _long_values() -> SearchStrategy[IdentifierCase]:
    def case(key: Key, length: int, text: str) -> IdentifierCase:
        value = (text * length)[:length].encode("ascii")
        return IdentifierCase(key.keyword, value, (key.keyword, "long value"))

    return st.builds(
        case, st.sampled_from(KEYS), st.sampled_from(LONG), st.sampled_from(("A", "*", "?", "1."))
    )


def _lists() -> SearchStrategy[IdentifierCase]:
    def case(count: int) -> IdentifierCase:
        value = "\\".join(f"2.25.{number}" for number in range(1, count + 1)).encode("ascii")
        return IdentifierCase("StudyInstanceUID", value, ("StudyInstanceUID", "list of UIDs"))

    return st.builds(case, st.sampled_from(LISTS))


@dataclass(frozen=True, slots=True)
class QuerySeen:
    """What a product answered to a query."""

    case: IdentifierCase
    answer: Answer
    outcome: str
    trouble: Trouble | None = None
    studies: frozenset[str] | None = None
    """Study Instance UIDs of the matches; None where the query did not end in Success."""


class Asked:
    """Puts one query after the other to a product."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def put(self, case: IdentifierCase, pace: Pace = Pace.ORDINARY) -> QuerySeen:
        """Ask.  Raises Unreachable where the product is not there."""
        try:
            matches = self._lines.asked(
                lambda association, model: find_encoded(association, model, case.identifier),
                pace=pace,
            )
            for identifier in matches.identifiers:
                deque(walk(identifier.raw, identifier.transfer_syntax), maxlen=0)
        except Unreachable:
            raise
        except (NoAnswer, PeerViolation) as error:
            return QuerySeen(case, Answer.of_error(error), ENDED, _unanswered(case, error))
        status = matches.status
        answer = Answer.of_status(status)
        if status not in (0, CANCEL) and not is_failure(status):
            trouble = Trouble(
                Symptom.ILLEGAL_STATUS,
                "PS3.4 C.4.1.1.4",
                "a final status of the standard",
                describe(matches.final),
                f"0x{status:04X}",
            )
            return QuerySeen(case, answer, FAILED, trouble)
        if status:
            return QuerySeen(case, answer, FAILED, leaked(case, matches))
        studies = frozenset(text_of(one, "StudyInstanceUID") or "" for one in matches.identifiers)
        return QuerySeen(case, answer, ANSWERED, leaked(case, matches), studies)


def _unanswered(case: IdentifierCase, error: NoAnswer | PeerViolation) -> Trouble:
    if isinstance(error, NoAnswer):
        return Trouble(Symptom.SILENT, "PS3.7 9.1.2", "a response to C-FIND-RQ", str(error), case.keyword)
    if isinstance(error, PeerAborted | ConnectionClosed):
        return Trouble(
            *(Symptom.ABORTED, "PS3.4 C.4.1.1.4", "a response to C-FIND-RQ, whatever its status"),
            error.observed,
            case.keyword,
            Weight.OBSERVATION,
        )
    return Trouble(Symptom.ILLEGAL_ANSWER, error.clause, error.expected, error.observed, "C-FIND")


def text_of(identifier: Identifier, keyword: str) -> str | None:
    """The value of an attribute in a match, what is no text in hexadecimal; None where it is absent."""
    if keyword not in identifier:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pydicom, that some bytes are no text: it shows in the value
            return identifier.text(keyword)
    except PeerViolation as error:
        return f"no text: {error.raw.hex(' ')}"


def leaked(case: IdentifierCase, matches: Matches) -> Trouble | None:
    """A match that cannot be one, by single value and wild card matching (PS3.4 C.2.2.2.1 and C.2.2.2.4).

    Judged where the key's value is one of its VR and the match has a value: an unknown one matches anything
    (C.2.2.1.2).
    """
    key = case.key
    wanted = case.value.decode("latin-1").strip(" ")
    if not key.is_exact or not wanted or len(wanted) > key.longest or not _LITERAL.fullmatch(wanted):
        return None
    if key.vr == "UI":
        if not re.fullmatch(r"[0-9.]+", wanted):
            return None
        pattern = re.compile(re.escape(wanted))
    else:
        parts = ((".*" if one == "*" else "." if one == "?" else re.escape(one)) for one in wanted)
        pattern = re.compile("".join(parts))
    for identifier in matches.identifiers:
        text = identifier.text(case.keyword) if case.keyword in identifier else ""
        text = text.strip(" \0")
        if text and not pattern.fullmatch(text):
            return Trouble(
                Symptom.LEAKED,
                "PS3.4 C.2.2.2",
                f"matches for {case.keyword} {wanted!r} alone",
                f"a match with {text!r}, one of {len(matches.identifiers)}",
                case.keyword,
            )
    return None
