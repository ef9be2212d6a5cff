"""The archive as a server: what its associations share, started and stopped."""

from __future__ import annotations

import logging
import sqlite3
import ssl
import threading

from pydicom import config as pydicom_config
from pynetdicom import AE, _config
from pynetdicom.presentation import build_context

from . import commitment, reindexing
from .attributes import AttributeSet
from .audit import Audit
from .config import ArchiveConfig, TlsFiles
from .guessing import WrongIdentities
from .index import Index, Instance
from .keeping import Keeper
from .owed import OwedResults
from .performed import PerformedSteps
from .semantics import Semantics
from .storage import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION, Storage
from .transport import Server
from .worklist import Worklist

LOGGER = logging.getLogger(__name__)


class CannotStart(RuntimeError):
    """The archive can't be started: one line that says why and what to do."""


class Archive:
    """A running archive. `port` is the one that it listens on; `stop` ends it."""

    def __init__(self, config: ArchiveConfig, semantics: Semantics | None = None) -> None:
        """Open folder and index, and listen. Raises CannotStart."""
        self.config = config
        self.is_first = config.listener is None
        self.semantics = semantics or Semantics(config)
        self.keeper = Keeper(self)
        self.stopping = threading.Event()
        self.wrong_identities = WrongIdentities()
        self.worklist = Worklist(config.worklist)
        self.deliveries: set[threading.Thread] = set()
        """Those that deliver results of storage commitment."""
        self._timers: list[threading.Timer] = []
        _quiet_pynetdicom()
        try:
            self.storage = Storage(config.folder, limit=config.storage_limit, reserve=config.storage_reserve)
            self.index = Index(config.folder / "index.sqlite")
            self.performed = PerformedSteps(self.index)
            self.owed = OwedResults(self.index)
            if self.is_first:
                self._open()
            self.storage.used = self.index.used()
            self.audit = Audit(config.audit, config.ae_title, self.semantics)
        except (OSError, sqlite3.Error) as error:
            raise CannotStart(f"folder {config.folder} can't be used: {error}") from error
        self.ae = AE(config.ae_title)
        self.ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self.ae.implementation_version_name = IMPLEMENTATION_VERSION
        self.ae.supported_contexts = [build_context("1.2.840.10008.1.1")]
        try:
            self._server = Server(self, self.ae, _tls_context(config.tls, self.semantics))
        except OSError as error:
            raise CannotStart(
                f"can't listen on {config.host}:{config.port}: {error.strerror or error}"
            ) from error
        self.ae._servers.append(self._server)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="archive", daemon=True
        )
        self._thread.start()
        if self.is_first:
            commitment.resume(self)
            self.audit.started()

    def _open(self) -> None:
        """Put the folder in order. Raises OSError, sqlite3.Error."""
        self.storage.clean()
        in_order = self.storage.open()
        if self.config.reindex:
            reindexing.reindex(self.storage, self.index)
        elif not in_order:
            reindexing.complete(self.storage, self.index)

    @property
    def listener(self) -> int:
        """The descriptor of the listening socket."""
        return int(self._server.fileno())

    def open_associations(self) -> int:
        """Associations that peers have established."""
        return sum(1 for association in self._server.active_associations if association.is_established)

    def index_later(self, instance: Instance, attributes: AttributeSet) -> None:
        """Make an object visible after the delay that was asked for."""

        def add() -> None:
            self.index.add(instance, self.semantics.indexed(attributes))
            self.index.release_thread()

        timer = threading.Timer(self.config.misbehaviour.index_delay, add)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def stop(self) -> None:
        """Stop listening, abort associations, close the index."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        for timer in self._timers:
            timer.cancel()
        self._server.shutdown()
        associations = self._server.active_associations
        for association in associations:
            association.abort()
        for association in associations:
            association.join(timeout=1)
        self._thread.join(timeout=5)
        self.audit.close(ends=self.is_first)
        self.index.close()
        if self.is_first:
            self.storage.close()


def serve(config: ArchiveConfig, semantics: Semantics | None = None) -> Archive:
    """Start an archive. Raises CannotStart."""
    return Archive(config, semantics)


def _quiet_pynetdicom() -> None:
    _config.LOG_HANDLER_LEVEL = "none"
    pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE
    pydicom_config.settings.writing_validation_mode = pydicom_config.IGNORE
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)


def _tls_context(files: TlsFiles | None, semantics: Semantics) -> ssl.SSLContext | None:
    """What the archive speaks TLS with, where it does. Raises CannotStart."""
    if files is None:
        return None
    try:
        return semantics.tls_context(files)
    except OSError as error:  # ssl.SSLError is one
        raise CannotStart(f"TLS can't be set up from {files.certificate}: {error}") from error
