"""Reading a target file.

Every mistake in it is a `TargetError`: one line that names the file, the key, and what it takes.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from harness.documents import parsed_toml, written_text
from harness.target import (
    ANONYMISES_ON,
    DEID_OPTIONS,
    FINISHED_STEPS,
    SECURITY_PROFILES,
    SERVICES,
    USER_IDENTITY_TYPES,
    Claims,
    Control,
    Destination,
    Dimse,
    Security,
    Target,
    TargetError,
    Tls,
    UserIdentity,
    Worklist,
    audit_address,
    check_ae_title,
    check_port,
)

_T = TypeVar("_T")


def read_target(path: Path) -> Target:
    """Read a target file.  Raises TargetError with one line that says what to correct."""
    text = written_text(path, TargetError, "no such file; `pacs-harness init` writes one")
    try:
        document = parsed_toml(text)
    except ValueError as error:
        raise TargetError(f"{path}: not valid TOML: {error}") from None
    return target_from_document(document, str(path))


def target_from_document(document: dict[str, Any], where: str) -> Target:
    """A Target from parsed TOML; ``where`` names the source in error messages."""
    _known(document, ("name", "dimse", "claims", "destination", "control", "worklist", "security"), where, "")
    if "dimse" not in document:
        raise TargetError(f"{where}: the table [dimse] is missing; it says host, port and called_ae_title")
    dimse_table = dict(_table(document["dimse"], where, "dimse"))
    tls_table = dimse_table.pop("tls", None)
    identity_table = dimse_table.pop("user_identity", None)
    dimse = _build(
        Dimse,
        dimse_table,
        where,
        "dimse",
        tls=_tls(tls_table, where, "dimse.tls"),
        user_identity=None
        if identity_table is None
        else _build(
            UserIdentity, _table(identity_table, where, "dimse.user_identity"), where, "dimse.user_identity"
        ),
    )
    claims = _build(Claims, _table(document.get("claims", {}), where, "claims"), where, "claims")
    entries = document.get("destination", [])
    if not isinstance(entries, list):
        raise TargetError(f"{where}: destination is a list of tables: write [[destination]]")
    destinations = tuple(
        _build(Destination, _table(entry, where, "destination"), where, "destination") for entry in entries
    )
    control = _build(Control, _table(document.get("control", {}), where, "control"), where, "control")
    worklist = _build(Worklist, _table(document.get("worklist", {}), where, "worklist"), where, "worklist")
    security_table = dict(_table(document.get("security", {}), where, "security"))
    security_tls = _tls(security_table.pop("tls", None), where, "security.tls")
    security = _build(Security, security_table, where, "security", tls=security_tls)
    name = document.get("name", "")
    if not isinstance(name, str):
        raise TargetError(f"{where}: name is a text")
    target = Target(
        dimse=dimse,
        name=name,
        claims=claims,
        destinations=destinations,
        control=control,
        worklist=worklist,
        security=security,
    )
    _check(target, where)
    return target


def _check(target: Target, where: str) -> None:
    check_port(target.dimse.port, f"{where}: dimse.port")
    check_ae_title(target.dimse.called_ae_title, f"{where}: dimse.called_ae_title")
    check_ae_title(target.dimse.calling_ae_title, f"{where}: dimse.calling_ae_title")
    if not target.dimse.host:
        raise TargetError(f"{where}: dimse.host is empty; it takes a name or an address")
    for key in ("deadline", "visible_within", "closes_within"):
        if not 0 < getattr(target.dimse, key) <= 3600:
            raise TargetError(f"{where}: dimse.{key} takes seconds, more than 0 and at most 3600")
    for destination in target.destinations:
        check_port(destination.port, f"{where}: destination.port")
        check_ae_title(destination.ae_title, f"{where}: destination.ae_title")
    for service in target.claims.services:
        if service not in SERVICES:
            raise TargetError(f"{where}: claims.services knows {', '.join(SERVICES)}; not {service!r}")
    if target.claims.storage_level not in (None, 0, 1, 2):
        raise TargetError(f"{where}: claims.storage_level is 0, 1 or 2 (PS3.4 B.4.1)")
    if target.claims.artim is not None and not 0 < target.claims.artim <= 3600:
        raise TargetError(f"{where}: claims.artim takes seconds, more than 0 and at most 3600")
    if target.claims.idle is not None and not 0 < target.claims.idle <= 3600:
        raise TargetError(f"{where}: claims.idle takes seconds, more than 0 and at most 3600")
    if target.worklist.folder and target.worklist.entries:
        raise TargetError(f"{where}: worklist takes folder or entries, not both")
    if target.worklist.finished_steps not in FINISHED_STEPS:
        raise TargetError(
            f"{where}: worklist.finished_steps is absent, marked or unchanged,"
            f" not {target.worklist.finished_steps!r}"
        )
    identity = target.dimse.user_identity
    if identity is not None and identity.type not in USER_IDENTITY_TYPES:
        raise TargetError(
            f"{where}: dimse.user_identity.type knows {', '.join(USER_IDENTITY_TYPES)}; not {identity.type!r}"
        )
    for prefix, tls in (("dimse.tls", target.dimse.tls), ("security.tls", target.security.tls)):
        if tls is not None and bool(tls.certificate) != bool(tls.key):
            raise TargetError(f"{where}: {prefix}.certificate and {prefix}.key go together")
    _check_security(target, where)


def _check_security(target: Target, where: str) -> None:
    for profile in target.claims.security_profiles:
        if profile not in SECURITY_PROFILES:
            known = ", ".join(SECURITY_PROFILES)
            raise TargetError(f"{where}: claims.security_profiles knows {known}; not {profile!r}")
    security = target.security
    for key in ("tls_port", "plain_port"):
        if (port := getattr(security, key)) is not None:
            check_port(port, f"{where}: security.{key}")
    if security.tls_port is not None and target.dimse.tls is not None:
        raise TargetError(f"{where}: security.tls_port is for a product that [dimse] speaks to without TLS")
    for kind in ("expired", "audit"):
        if bool(getattr(security, f"{kind}_certificate")) != bool(getattr(security, f"{kind}_key")):
            raise TargetError(f"{where}: security.{kind}_certificate and security.{kind}_key go together")
    if not 0 < security.audit_within <= 3600:
        raise TargetError(f"{where}: security.audit_within takes seconds, more than 0 and at most 3600")
    way, _, place = security.audit.partition(":")
    try:
        if security.audit and (way not in ("udp", "tls", "file") or not place):
            raise ValueError
        if way in ("udp", "tls"):
            audit_address(place)
    except ValueError:
        raise TargetError(
            f"{where}: security.audit takes udp:HOST:PORT, tls:HOST:PORT or file:PATH, not {security.audit!r}"
        ) from None
    if way == "tls" and not security.audit_certificate:
        raise TargetError(f"{where}: security.audit over TLS takes audit_certificate and audit_key too")
    _check_anonymising(target, where)


def _check_anonymising(target: Target, where: str) -> None:
    security = target.security
    titles = [destination.ae_title for destination in target.destinations]
    if security.anonymises_to and security.anonymises_to not in titles:
        known = ", ".join(titles) or "none is there"
        raise TargetError(
            f"{where}: security.anonymises_to names one of the [[destination]]s ({known});"
            f" not {security.anonymises_to!r}"
        )
    if security.anonymises_on not in ANONYMISES_ON:
        raise TargetError(
            f"{where}: security.anonymises_on is {' or '.join(ANONYMISES_ON)}, not {security.anonymises_on!r}"
        )
    for option in security.deid_options:
        if option not in DEID_OPTIONS:
            known = ", ".join(DEID_OPTIONS)
            raise TargetError(f"{where}: security.deid_options knows {known}; not {option!r}")


def _tls(table: Any, where: str, name: str) -> Tls | None:
    return None if table is None else _build(Tls, _table(table, where, name), where, name)


def _table(value: Any, where: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TargetError(f"{where}: {name} is a table: write [{name}]")
    return value


def _known(table: dict[str, Any], keys: tuple[str, ...], where: str, prefix: str) -> None:
    for key in table:
        if key not in keys:
            raise TargetError(f"{where}: unknown key {prefix}{key}; known here: {', '.join(keys)}")


_SHAPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "int | None": (int, "a whole number"),
    "float": ((int, float), "a number of seconds"),
    "float | None": ((int, float), "a number of seconds"),
    "bool": (bool, "true or false"),
    "tuple[str, ...]": (list, "a list of texts"),
}


def _build(kind: type[_T], table: dict[str, Any], where: str, prefix: str, **ready: object) -> _T:
    """An instance of the dataclass from a TOML table, each value checked against the field's type."""
    known = {item.name: str(item.type) for item in fields(kind)}  # type: ignore[arg-type]
    _known(table, tuple(key for key in known), where, f"{prefix}.")
    values: dict[str, Any] = dict(ready)
    for key, value in table.items():
        shape, words = _SHAPES[known[key]]
        fits = isinstance(value, shape) and (known[key] == "bool" or not isinstance(value, bool))
        if fits and shape is list:
            fits = all(isinstance(item, str) for item in value)
        if not fits:
            # A passcode without its quotation marks is a number, and none for a console or a log.
            shown = f", not {value!r}" if kind is not UserIdentity else ""
            raise TargetError(f"{where}: {prefix}.{key} takes {words}{shown}")
        values[key] = tuple(value) if shape is list else float(value) if "float" in known[key] else value
    try:
        return kind(**values)
    except TypeError:
        required = [item.name for item in fields(kind) if item.name not in values]  # type: ignore[arg-type]
        missing = [name for name in required if name in _REQUIRED.get(prefix, ())]
        raise TargetError(f"{where}: [{prefix}] lacks {', '.join(missing)}") from None


_REQUIRED = {
    "dimse": ("host", "port", "called_ae_title"),
    "dimse.user_identity": ("type", "primary"),
    "destination": ("ae_title", "port"),
}
