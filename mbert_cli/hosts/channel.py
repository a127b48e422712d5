"""Messages between two processes of a job: objects of JSON, one per line, over a socket."""

import contextlib
import json
import os
import select
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from mbert_cli.errors import UserError

Message = Mapping[str, Any]

BEAT_SECONDS = 2.0
"""How often processes of a job give each other a sign of life."""
SILENT_SECONDS = 30.0
"""One that gives none for so long is taken for dead."""
_SEND_SECONDS = 5.0
_MAX_BYTES = 2**26
"""A line that is longer is not one of ours."""


class Channel:
    """One end of a connection.

    Args:
        connection: A connected socket, which belongs to the channel from now on.

    Attributes:
        is_open: False once the other end is gone.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.settimeout(_SEND_SECONDS)
        self._read = b""
        self.is_open = True

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Sends a message; one to an end that is gone is lost, which `receive` tells of."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    def receive(self) -> list[dict[str, Any]]:
        """Waits until something arrives, and returns the messages that are whole."""
        try:
            arrived = self._socket.recv(2**16)
        except TimeoutError:
            return []
        except OSError:
            arrived = b""
        self._read += arrived
        if not arrived or len(self._read) > _MAX_BYTES:
            self.is_open = False
        *lines, self._read = self._read.split(b"\n")
        return [message for line in lines if (message := self._parse(line)) is not None]

    def finish(self) -> None:
        """Ends the connection when the other end has read all: a close with unread signs of life could lose it."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(1.0)
            while self._socket.recv(2**16):
                continue
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self.is_open = False
        self._socket.close()

    def _parse(self, line: bytes) -> dict[str, Any] | None:
        """The message of a line; whoever sends something else is no process of ours."""
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self.is_open = False
            return None
        return message


def pair() -> tuple[Channel, Channel]:
    """Two ends of one connection within this machine."""
    first, second = socket.socketpair()
    return Channel(first), Channel(second)


def listen(address: tuple[str, int]) -> socket.socket:
    """Opens the port at which hosts meet: within this machine only where the address says so, else to all.

    Raises:
        UserError: It is in use.
    """
    name, port = address
    try:
        if name in ("localhost", "127.0.0.1"):
            return socket.create_server(("127.0.0.1", port))
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", port))
    except OSError as error:
        raise UserError(
            f"The port at which hosts meet must be free on host 0. Received: {port} ({os.strerror(error.errno or 0)})",
            "Choose another port: --coordinator HOST:PORT, the same on every host.",
        ) from error


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def readable(sources: Sequence[Channel | socket.socket], seconds: float) -> list[Channel | socket.socket]:
    """Waits a while for those of the sources at which something arrives."""
    return select.select(sources, [], [], seconds)[0]
