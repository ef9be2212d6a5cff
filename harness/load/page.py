"""Locust's own page for a load: it shows how far the load is, and may stop it."""

from __future__ import annotations

# Locust first: it patches the process, sockets included, before anything else has taken hold of them.
import locust  # noqa: F401  # isort: skip
import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import flask
from gevent import socket
from gevent.pywsgi import WSGIServer
from locust.env import Environment

from harness.load.share import CannotBegin, reason


@contextlib.contextmanager
def served(
    environment: Environment, address: tuple[str, int] | None, on_stop: Callable[[], None]
) -> Iterator[None]:
    """The page, as long as the context lasts; ``on_stop`` is for its button.  None serves nothing.

    Raises CannotBegin where the port is taken.
    """
    if address is None:
        yield
        return
    host, port = address
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotBegin(
            f"Locust's page cannot be served at {host}:{port}: {reason(error)}; give --web another port"
        ) from None
    # Locust would bind in a greenlet of its own, where a taken port is a traceback and nobody's error.
    web = environment.create_web_ui(host, port, delayed_start=True)
    assert web.app is not None

    @web.app.before_request
    def stop_or_look() -> flask.Response | None:
        asked = flask.request
        if asked.method != "POST":
            return None
        if not is_from_page(asked.headers.get("Origin", ""), asked.host) or asked.path not in ALLOWED:
            words = "the workload says what the load does; this page shows it, and can stop it"
            return flask.make_response(words, 403)
        if asked.path == STOP:
            on_stop()
            return flask.jsonify({"success": True, "message": "the load is being ended"})
        return None

    server = web.server = WSGIServer(listener, web.app, log=None)

    def show(user_count: int) -> None:
        if not server.started:
            server.start()

    # Not before: without a load the page is a form to start one.
    environment.events.spawning_complete.add_listener(show)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        web.stop()  # type: ignore[no-untyped-call]


STOP = "/stop"
ALLOWED = (STOP, "/stats/reset")
"""What may be changed from the page: users and rates are the workload's, which is bounded."""


def is_from_page(origin: str, host: str) -> bool:
    """Whether a request comes from the page itself, and not from any other that is open in the browser."""
    return not origin or urlsplit(origin).netloc == host
