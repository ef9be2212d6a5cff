"""Tokens that prove nothing are well formed: the missing proof is all that they can be refused for."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ElementTree
from typing import Any

from harness.security.tokens import (
    claims_for,
    claims_of,
    forged_token,
    tampered,
    unsecured_token,
    unsigned_assertion,
    without_signature,
)


def header_of(token: bytes) -> dict[str, Any]:
    head = token.split(b".")[0]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
    return decoded


def test_an_unsecured_token_names_the_user_and_has_no_signature() -> None:
    token = unsecured_token(claims_for("anna"))
    assert header_of(token)["alg"] == "none"
    assert token.endswith(b".")
    claims = claims_of(token)
    assert claims is not None
    assert claims["sub"] == "anna"
    assert claims["exp"] > claims["iat"]


def test_a_forged_token_says_what_the_real_one_says_under_another_key() -> None:
    real = forged_token({"sub": "anna", "aud": "pacs"})
    forged = forged_token(claims_of(real) or {})
    assert claims_of(forged) == {"sub": "anna", "aud": "pacs"}
    assert header_of(forged)["alg"] == "HS256"
    assert forged.split(b".")[2] not in (b"", real.split(b".")[2])


def test_what_is_no_token_has_no_claims() -> None:
    assert claims_of(b"") is None
    assert claims_of(b"a.b.c") is None
    assert claims_of(b"\xff.\xff.\xff") is None
    assert claims_of(b"e30.WzFd.") is None  # a list


def test_an_assertion_names_the_user_and_loses_its_signature() -> None:
    name = "{urn:oasis:names:tc:SAML:2.0:assertion}NameID"
    assertion = unsigned_assertion("a<b&c")
    assert [node.text for node in ElementTree.fromstring(assertion).iter(name)] == ["a<b&c"]
    end = assertion.index(b"<saml:Subject>")
    signature = b'<ds:Signature xmlns:ds="x"><ds:SignatureValue>QQ==\n</ds:SignatureValue></ds:Signature>'
    assert without_signature(assertion[:end] + signature + assertion[end:]) == assertion


def test_a_tampered_ticket_is_another_of_the_same_length() -> None:
    assert tampered(b"ticket") != b"ticket"
    assert len(tampered(b"ticket")) == 6
    assert tampered(b"") not in (b"", tampered(b""))
