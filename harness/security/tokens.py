"""Tickets, assertions and tokens that prove nothing: what nobody may be let in by (PS3.7 D.3.3.7)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

LIFETIME = 3600
"""Seconds for which they say that they are valid."""
_SIGNATURE = re.compile(rb"<(?:\w+:)?Signature[\s>].*?</(?:\w+:)?Signature>", re.DOTALL)


def garbage(length: int = 64) -> bytes:
    """Bytes that are no ticket of anybody's."""
    return secrets.token_bytes(length)


def tampered(ticket: bytes) -> bytes:
    """The same with its last byte changed, which belongs to what is encrypted."""
    return ticket[:-1] + bytes((ticket[-1] ^ 0x55,)) if ticket else garbage()


def claims_for(name: str) -> dict[str, Any]:
    """What a JWT says (RFC 7519 4.1) to be taken for that user's."""
    now = int(time.time())
    return {"iss": "PHTEST", "sub": name, "preferred_username": name, "iat": now, "exp": now + LIFETIME}


def claims_of(token: bytes) -> dict[str, Any] | None:
    """What a JWT says; None where it is none, or encrypted."""
    parts = token.split(b".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def unsecured_token(claims: dict[str, Any]) -> bytes:
    """An Unsecured JWT (RFC 7519 6): algorithm "none", and no signature."""
    return _signing_input("none", claims) + b"."


def forged_token(claims: dict[str, Any]) -> bytes:
    """A JWT with HMAC SHA-256 under a key that nobody else has."""
    signed = _signing_input("HS256", claims)
    mac = hmac.digest(secrets.token_bytes(32), signed, hashlib.sha256)
    return signed + b"." + _base64url(mac)


def unsigned_assertion(name: str) -> bytes:
    """A SAML 2.0 assertion that this user was authenticated, signed by nobody."""
    now = datetime.now(UTC)
    moment, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (now, now + timedelta(seconds=LIFETIME)))
    return (
        '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0"'
        f' ID="_{secrets.token_hex(16)}" IssueInstant="{moment}">'
        "<saml:Issuer>PHTEST</saml:Issuer>"
        f"<saml:Subject><saml:NameID>{_escaped(name)}</saml:NameID></saml:Subject>"
        f'<saml:Conditions NotBefore="{moment}" NotOnOrAfter="{end}"/>'
        f'<saml:AuthnStatement AuthnInstant="{moment}"><saml:AuthnContext><saml:AuthnContextClassRef>'
        "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
        "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement></saml:Assertion>"
    ).encode()


def without_signature(assertion: bytes) -> bytes:
    """A signed assertion with its signatures taken out; the same where it has none."""
    return _SIGNATURE.sub(b"", assertion)


def _signing_input(algorithm: str, claims: dict[str, Any]) -> bytes:
    header = {"alg": algorithm, "typ": "JWT"}
    return b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
