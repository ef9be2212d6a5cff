"""Target: what is under test, in the shape of its TOML file (`harness.target_file` reads it)."""

from __future__ import annotations

import ssl
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.documents import Mistake

SERVICES = (
    *("verification", "storage", "find", "move", "get", "commitment"),
    *("worklist", "mpps", "mpps-retrieve"),
)
"""What ``[claims] services`` may promise."""

SECURITY_PROFILES = {
    "bcp-195-tls": "BCP 195 TLS Secure Transport Connection Profile (PS3.15 B.9)",
    "non-downgrading-bcp-195-tls": "Non-Downgrading BCP 195 TLS Profile (PS3.15 B.10)",
    "extended-bcp-195-tls": "Extended BCP 195 TLS Profile (PS3.15 B.11)",
    "basic-tls": "Basic TLS Secure Transport Connection Profile (PS3.15 B.1, retired)",
    "aes-tls": "AES TLS Secure Transport Connection Profile (PS3.15 B.3, retired)",
    "user-identity": "Basic User Identity Association Profile (PS3.15 B.4)",
    "user-identity-passcode": "User Identity Plus Passcode Association Profile (PS3.15 B.5)",
    "kerberos": "Kerberos Identity Negotiation Association Profile (PS3.15 B.6)",
    "saml": "Generic SAML Assertion Identity Negotiation Association Profile (PS3.15 B.7)",
    "audit-trail": "Audit Trail Message Format Profile (PS3.15 A.5)",
    "audit-syslog-tls": "Audit Trail Message Transmission Profile, syslog over TLS (PS3.15 A.6)",
    "audit-syslog-udp": "Audit Trail Message Transmission Profile, syslog over UDP (PS3.15 A.7)",
    "de-identification": "Basic Application Level Confidentiality Profile (PS3.15 E)",
}
"""What ``[claims] security_profiles`` may promise, and the profile that each stands for."""

DEID_OPTIONS = (
    *("retain-safe-private", "retain-uids", "retain-device-identity", "retain-institution-identity"),
    *("retain-patient-characteristics", "retain-full-dates", "retain-modified-dates", "clean-descriptors"),
    *("clean-structured-content", "clean-graphics", "clean-pixel-data", "clean-recognizable-visual-features"),
)
"""What ``[security] deid_options`` takes: those of `harness.deid.Option`, which few commands have to load."""
ANONYMISES_ON = ("store", "move")
"""What ``[security] anonymises_on`` takes."""

MASK = "***"
USER_IDENTITY_TYPES = {"username": 1, "username-passcode": 2, "kerberos": 3, "saml": 4, "jwt": 5}
"""PS3.7 D.3.3.7: User-Identity-Type by the name it has in the target file."""


class TargetError(Mistake):
    """The target file or a flag is wrong; the text is for people."""


@dataclass(frozen=True, slots=True)
class Tls:
    """``[dimse.tls]``: how the harness speaks TLS to the product."""

    ca_file: str = ""
    """PEM file of the authorities that the product's certificate must lead to; empty: the system's."""
    certificate: str = ""
    """PEM file of the harness's own certificate, where the product demands one."""
    key: str = ""
    server_name: str = ""
    """The name expected in the product's certificate; empty: the host."""
    verify: bool = True


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """``[dimse.user_identity]`` (PS3.7 D.3.3.7), sent with every association."""

    type: str
    primary: str = field(repr=False)
    secondary: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody else may read: the passcode, or the ticket, assertion or token; a name is none."""
        named = self.type in ("username", "username-passcode")
        return tuple(one for one in (self.secondary, "" if named else self.primary) if one)


SHORTEST_SECRET = 6
"""Characters of a secret that is looked for in texts and recordings: shorter ones are part of anything."""


@dataclass(frozen=True, slots=True)
class Dimse:
    """``[dimse]``: how to reach the product."""

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str = "PACSHARNESS"
    deadline: float = 30.0
    """Seconds to wait for an answer; DICOM sets no response time."""
    visible_within: float = 60.0
    """Seconds that may pass between the acknowledgement of an object and its being found."""
    closes_within: float = 75.0
    """Seconds for which a connection that is left alone is watched, where ``[claims] artim`` says nothing."""
    tls: Tls | None = None
    user_identity: UserIdentity | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """``[claims]``: what the product's own conformance statement promises; what is promised must be there."""

    services: tuple[str, ...] = ()
    storage_level: int | None = None
    """PS3.4 B.4.1: 0 local, 1 base, 2 full; at 2 every element must be kept."""
    artim: float | None = None
    """Seconds of the ARTIM timer as it is configured (PS3.8 9.1.5); the standard sets no value."""
    idle: float | None = None
    """Seconds after which it ends an association on which nothing happens."""
    security_profiles: tuple[str, ...] = ()
    """Of `SECURITY_PROFILES`: what they demand is a SHALL for this product."""
    statement: str = ""
    """A JSON file of what the conformance statement promises; ``pacs-harness statement`` compares with it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """``[[destination]]``: a move destination of the harness's own, as it is registered in the product."""

    ae_title: str
    port: int
    host: str = "127.0.0.1"
    """The address to listen on."""


@dataclass(frozen=True, slots=True)
class Control:
    """``[control]``: commands on this machine that steer a product under test."""

    delete_study: tuple[str, ...] = ()
    """A command that deletes one study; ``{study_uid}`` in an argument is replaced."""
    restart: tuple[str, ...] = ()
    """A command that stops the product and starts it again; when it returns the old process has ended."""
    log: str = ""
    """Its log file: what it says last before it dies goes into the report of `pacs-harness fuzz`."""


FINISHED_STEPS = ("", "absent", "marked", "unchanged")
"""What ``[worklist] finished_steps`` takes."""


@dataclass(frozen=True, slots=True)
class Worklist:
    """``[worklist]``: where the product's worklist entries come from; one of ``folder`` and ``entries``."""

    folder: str = ""
    """A folder that the product reads DICOM worklist files (.wl) from; the harness writes its own there."""
    entries: str = ""
    """A TOML file of entries made in the product beforehand; ``pacs-harness worklist`` writes it."""
    finished_steps: str = ""
    """What becomes of an entry whose step is reported as completed: absent, marked (Scheduled Procedure Step
    Status changes), or unchanged; empty: not said."""


@dataclass(frozen=True, slots=True)
class Security:
    """``[security]``: where the product's safeguards can be looked at."""

    tls_port: int | None = None
    """The port that speaks TLS where ``[dimse] port`` does not; ``[security.tls]`` says how."""
    plain_port: int | None = None
    """The port that spoke in clear before, or still does, where ``[dimse]`` is over TLS."""
    tls: Tls | None = None
    expired_certificate: str = ""
    """PEM file of a client's certificate of the right authority that has expired."""
    expired_key: str = ""
    foreign_host: str = ""
    """An address of this machine that the product does not know ``calling_ae_title`` by."""
    audit: str = ""
    """Where the product sends audit messages: ``udp:HOST:PORT`` and ``tls:HOST:PORT`` are listened on, and
    ``file:PATH`` is read."""
    audit_certificate: str = ""
    """PEM file of the harness's certificate as an audit server over TLS."""
    audit_key: str = ""
    audit_within: float = 5.0
    """Seconds from an event to its message."""
    data: tuple[str, ...] = ()
    """Files and folders of this machine that the product keeps patients' data in."""
    logs: tuple[str, ...] = ()
    """Files and folders of this machine that the product writes its logs to."""
    anonymises_to: str = ""
    """The AE title of the ``[[destination]]`` to which the product sends anonymised copies."""
    anonymises_on: str = "store"
    """When it does: by itself after C-STORE, or when it is asked to by C-MOVE."""
    deid_options: tuple[str, ...] = ()
    """Of `DEID_OPTIONS`: the options of PS3.15 annex E by which it anonymises."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is under test."""

    dimse: Dimse
    name: str = ""
    claims: Claims = field(default_factory=Claims)
    destinations: tuple[Destination, ...] = ()
    control: Control = field(default_factory=Control)
    worklist: Worklist = field(default_factory=Worklist)
    security: Security = field(default_factory=Security)

    def promises(self, service: str) -> bool:
        """True where the product's own claims name the service."""
        return service in self.claims.services

    def public(self) -> dict[str, Any]:
        """The Target for a report: the same shape as the file, secrets left out."""
        document = asdict(self)
        identity = self.dimse.user_identity
        if identity is not None:
            for key in ("primary", "secondary"):
                if getattr(identity, key) in identity.secrets:
                    document["dimse"]["user_identity"][key] = MASK
        for key in ("delete_study", "restart"):
            program, *arguments = getattr(self.control, key) or ("",)
            # A password for the product's own interface stands there, as often as not.
            document["control"][key] = [program, *([MASK] if arguments else [])] if program else []
        return document

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is looked for and masked in recordings, logs and whatever else the product may repeat."""
        identity = self.dimse.user_identity
        return tuple(one for one in (identity.secrets if identity else ()) if len(one) >= SHORTEST_SECRET)

    def masked(self, text: str) -> str:
        """A text that the product had a part in, without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text

    def is_loopback(self) -> bool:
        """Whether the product is on this machine."""
        return is_loopback(self.dimse.host)


EVERY_ADDRESS = ("", "0.0.0.0", "::")  # nosec B104 # compared with
"""What stands for all addresses of this machine where something listens."""


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own to itself."""
    return host in ("localhost", "::1") or host.startswith("127.")


def audit_address(place: str) -> tuple[str, int]:
    """``HOST:PORT`` of ``[security] audit``; an address of IPv6 in brackets.  Raises ValueError."""
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"{place!r} is not HOST:PORT")
    return host.removeprefix("[").removesuffix("]"), int(port)


def check_port(port: int, what: str) -> None:
    """Raises TargetError unless 1 ≤ port ≤ 65535."""
    if not 1 <= port <= 65535:
        raise TargetError(f"{what}: {port} is not a TCP port; it takes 1 to 65535")


def check_ae_title(title: str, what: str) -> None:
    """Raises TargetError unless the title is legal: PS3.5 6.2, VR AE; 1 to 16 characters, not only spaces."""
    if len(title) > 16:
        raise TargetError(f"{what}: {title!r} has {len(title)} characters; an AE title has at most 16")
    if not title.strip(" "):
        raise TargetError(f"{what}: an AE title has at least one character that is no space")
    if "\\" in title or not all(0x20 <= ord(character) < 0x7F for character in title):
        raise TargetError(f"{what}: {title!r} has a character that an AE title may not have")


ANY_THAT_PROVES = "ALL:!aNULL:!eNULL:@SECLEVEL=0"
"""Cipher suites that encrypt and show a certificate, old ones too, the strongest first."""


def tls_context(tls: Tls) -> ssl.SSLContext:
    """The context for connections to the product.  Raises TargetError where a file is missing or damaged."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file or None)
        # How weak a product's TLS is, security.transport says; all else has to be asked of it all the same.
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers(ANY_THAT_PROVES)
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (tls.ca_file, tls.certificate, tls.key) if name)
        raise TargetError(f"TLS files cannot be used ({named}): {error}") from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
