"""What a server uses: found by its port, its children counted, put on the load's axis."""

import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import psutil
import pytest

from harness.target import Dimse, Target
from harness.watching import Look, Watched, look, servers_at, watching

CHILD = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
files = [open("/dev/null") for _ in range(50)]
began = time.process_time()
while time.process_time() - began < 0.2:
    pass
print("done", flush=True)
sys.stdin.readline()
"""


def server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_server_is_found_by_its_port_and_what_it_uses_is_seen() -> None:
    with server() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        found = servers_at(int(process.stdout.readline()))
        assert [one.pid for one in found] == [process.pid]
        before = look(found)
        print(file=process.stdin, flush=True)
        process.stdout.readline()
        after = look(found)
        assert before is not None
        assert after is not None
        assert after.cpu - before.cpu == pytest.approx(0.2, abs=0.1)
        assert after.memory > 1_000_000
        if before.files is not None and after.files is not None:
            assert after.files - before.files == 50
        process.kill()
        process.wait()
        assert look(found) is None


def test_of_several_who_share_a_port_the_first_is_meant() -> None:
    with socket.create_server(("127.0.0.1", 0)) as shared:
        port, number = shared.getsockname()[1], shared.fileno()
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(number,)
        )
        try:
            assert [one.pid for one in servers_at(port)] == [os.getpid()]
            # What children hold is counted with it.
            own, whole = psutil.Process().memory_info().rss, look(servers_at(port))
            assert whole is not None
            assert whole.memory > own
        finally:
            child.communicate()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert servers_at(port) == ()
    with watching(Target(Dimse("127.0.0.1", port, "NOBODY"))) as watched:
        pass
    assert watched == Watched("")


def test_no_process_of_ours_is_taken_for_one_that_is_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dimse = Dimse("192.0.2.1", server.getsockname()[1], "ELSEWHERE")
        with watching(Target(dimse)) as watched:
            assert not watched.server
        with watching(Target(replace(dimse, host="127.0.0.1"))) as watched:
            assert watched.server
            assert "watching" in {thread.name for thread in threading.enumerate()}
        assert "watching" not in {thread.name for thread in threading.enumerate()}
        assert watched.looks


def test_looks_become_stretches_on_the_axis_of_the_load() -> None:
    looks = [
        (100.0, Look(1.0, 10, 0, 100, 5)),
        (101.0, Look(2.5, 20, 10, 300, 6)),
        (103.0, Look(2.5, 30, 10, 200, 7)),  # a child has ended, and its bytes with it
        (104.0, Look(2.0, 30, None, 250, None)),
    ]
    first, second, third = Watched("pacs", looks).moments(started=99.5)
    assert (first.at, first.cpu, first.memory) == (1.5, 1.5, 20)
    assert (first.read, first.written, first.files) == (10.0, 200.0, 6)
    assert (second.cpu, second.read, second.written) == (0.0, 0.0, None)
    assert (third.cpu, third.read, third.written, third.files) == (0.0, None, 50.0, None)
    assert Watched("pacs", looks[:1]).moments(0.0) == ()
