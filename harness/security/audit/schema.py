"""Whether a document is an audit message by the schema of PS3.15 A.5.1.1."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

MOST = 5
"""Violations of one message that are told."""


@cache
def _schema() -> Any:
    return etree.XMLSchema(etree.fromstring((files(__package__) / "message.xsd").read_bytes()))


def violations(root: Any) -> list[str]:
    """What the schema does not allow in a document, in words; empty for a valid one."""
    schema = _schema()
    found = [] if schema.validate(root) else [str(entry.message) for entry in schema.error_log][:MOST]
    for code in root.iter("AuditSourceTypeCode"):
        given = {
            name for name in ("codeSystemName", "originalText", "displayName") if code.get(name) is not None
        }
        if given and not {"codeSystemName", "originalText"} <= given:
            found.append(
                "AuditSourceTypeCode has a part of codeSystemName and originalText, which go together"
            )
    if found and any(code.get("code") is not None for code in root.iter()):
        found.insert(0, "codes are in the attribute code of RFC 3881, where DICOM has csd-code")
    return found
