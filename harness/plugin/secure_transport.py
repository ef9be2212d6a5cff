"""Fixtures of the scenarios on TLS.

``tls_endpoint``     where the product speaks TLS; ends as NOT_TESTED where the target file does not say
``tls_scan``         what sslyze saw there, one scan for the whole run; NOT_TESTED where none was possible
``tls_scu``          a function: the SCU of this scenario, coming with a certificate or without
``served_client``    the target's own certificate gets an association; NOT_TESTED where it does not
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from harness.plugin.outcomes import NotTested
from harness.target import Target

if TYPE_CHECKING:
    from harness.scu.session import Scu
    from harness.security.endpoint import Endpoint
    from harness.security.scanning import Scan

Coming = Callable[[tuple[Path, Path] | None], "Scu"]
BCP_195 = ("bcp-195-tls", "non-downgrading-bcp-195-tls", "extended-bcp-195-tls")
"""The profiles of `harness.target.SECURITY_PROFILES` that are about BCP 195 (PS3.15 B.9 to B.11)."""

_T = TypeVar("_T")


def told(question: Callable[[], _T]) -> _T:
    """What a scan has found; what the product kept to itself is NOT_TESTED."""
    from harness.security.scanning import Untold

    try:
        return question()
    except Untold as untold:
        raise NotTested(str(untold)) from None


class SecureTransportPlugin:
    """A plugin object beside `FixturePlugin`, whose fixtures it builds on."""

    @pytest.fixture(scope="session")
    def tls_endpoint(self, target: Target) -> Endpoint:
        """Where the product speaks TLS."""
        from harness.security.endpoint import NO_PORT, endpoint_of

        endpoint = endpoint_of(target)
        if endpoint is None:
            raise NotTested(NO_PORT)
        return endpoint

    @pytest.fixture(scope="session")
    def tls_scan(self, target: Target, tls_endpoint: Endpoint) -> Scan:
        """What the product answers to a few hundred ClientHellos."""
        from harness.security.scanning import scan

        return told(lambda: scan(tls_endpoint.address, tls_endpoint.tls, target.dimse.deadline))

    @pytest.fixture
    def tls_scu(self, scu: Scu, tls_endpoint: Endpoint) -> Coming:
        """The SCU with another certificate, which verifies the product's as ever."""
        from harness.security.endpoint import client_context

        return lambda own: tls_endpoint.scu(scu, client_context(tls_endpoint.tls, own))

    @pytest.fixture(scope="session")
    def served_client(self, session_scu: Scu, tls_endpoint: Endpoint) -> tuple[Path, Path]:
        """The certificate and the key that the product serves: without it no refusal says anything."""
        from harness.dimse.errors import Unreachable
        from harness.security.endpoint import NO_CERTIFICATE, client_context, try_association

        tls = tls_endpoint.tls
        if not tls.certificate:
            raise NotTested(NO_CERTIFICATE)
        own = Path(tls.certificate), Path(tls.key)
        try:
            attempt = try_association(tls_endpoint.scu(session_scu, client_context(tls, own)))
        except Unreachable as error:
            raise NotTested(str(error)) from None
        if not attempt.admitted:
            raise NotTested(f"the target file's own certificate gets no association: {attempt.words}")
        return own

    @pytest.fixture
    def resuming_scu(self, scu: Scu, tls_endpoint: Endpoint) -> Callable[[ssl.TLSVersion], Scu]:
        """A function: the SCU without a certificate, with a context that can resume, for one version."""
        from harness.security.endpoint import ResumingContext, client_context

        return lambda version: tls_endpoint.scu(
            scu, client_context(tls_endpoint.tls, None, version=version, kind=ResumingContext)
        )
