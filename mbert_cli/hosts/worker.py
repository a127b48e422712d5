"""The process of a host that trains, and its ties to the one that watches it.

The watching process knows nothing of JAX: it lives on where JAX ends a process because another host is gone, and can
say what happened.
"""

import _thread
import os
import queue
import signal
import sys
import tempfile
import threading
from typing import IO, Any

from mbert_cli.errors import RunError, UserError
from mbert_cli.hosts.channel import SILENT_SECONDS, Channel, pair
from mbert_cli.hosts.joining import Hosts, Place, join
from mbert_cli.termination import end_by_signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_OF_CONNECTIONS = (
    "UNKNOWN",
    "UNAVAILABLE",
    "INTERNAL",
    "CANCELLED",
    "ABORTED",
    "DEADLINE_EXCEEDED",
    "FAILED_PRECONDITION",
)
"""How messages of JAX begin where hosts do not reach each other."""


class Worker:
    """The process that trains.

    Args:
        place: The place of this host.
        channel: Leads to the process that watches.
    """

    def __init__(self, place: Place, channel: Channel) -> None:
        self._place, self._channel = place, channel
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        # Signals come through the watching process alone, once each, whoever they were sent to: a scheduler sends
        # them to both, and the second one would end a training at once.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        signal.signal(signal.SIGTERM, end_by_signal)
        threading.Thread(target=self._listen, daemon=True, name="watch").start()

    def meet(self, report: dict[str, Any]) -> Hosts:
        """Reports what this host is about to do, and returns when all hosts begin.

        Raises:
            UserError: They do not, since one cannot or they do not agree.
        """
        self._channel.send({"report": report})
        answer = self._wait_for_answer()
        if "refused" in answer:
            raise UserError(answer["refused"]["message"], answer["refused"]["hint"])
        go = answer["go"]
        return join(self._place, go["service"], tuple(go["names"]))

    def tell_failure(self, error: UserError) -> None:
        """Tells all hosts that this one cannot train, before they have met."""
        self._channel.send({"report": {"failure": {"message": error.message, "hint": error.hint}}})
        self._wait_for_answer()

    def tell_end(self, reason: str, code: int) -> None:
        """Tells why this process is about to end.

        Args:
            reason: Completes a sentence that begins with the host.
            code: Its exit code.
        """
        self._channel.send({"reason": reason, "code": code})

    def explain(self, error: Exception) -> None:
        """Where an error may come from a host that is gone, waits until it is known which, for then this process ends.

        Raises:
            RunError: It comes from the connection between hosts, all of which are there.
        """
        if not is_of_connection(error):
            return
        for _ in range(round(4 * (SILENT_SECONDS + 5))):
            threading.Event().wait(0.25)
        raise RunError(
            f"Hosts must reach each other. Received: {str(error).splitlines()[0]}",
            "Hosts also use ports other than the one of --coordinator; no firewall may block them.",
        ) from error

    def _wait_for_answer(self) -> dict[str, Any]:
        while True:  # in small pieces, between which Python can handle a signal
            try:
                return self._answers.get(timeout=0.25)
            except queue.Empty:
                continue

    def _listen(self) -> None:
        while self._channel.is_open:
            for message in self._channel.receive():
                if "signal" in message:
                    _thread.interrupt_main(message["signal"])
                else:
                    self._answers.put(message)
        os.kill(os.getpid(), signal.SIGKILL)  # nobody watches any more


def is_of_connection(error: Exception) -> bool:
    """Whether JAX says that hosts do not reach each other."""
    return str(error).startswith(_OF_CONNECTIONS)


def fork_worker(place: Place) -> "Worker | Watched":
    """Divides this process in two: one that trains, and the one that was started, which watches it."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    native = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as both processes live
    theirs, ours = pair()
    process = os.fork()
    if process:
        ours.close()
        return Watched(process, theirs, native)
    theirs.close()
    os.setpgid(0, 0)  # else Ctrl-C would reach it twice
    _keep_native_output(native)
    return Worker(place, ours)


class Watched:
    """A worker, seen from the process that watches it.

    Attributes:
        process: Its number.
        channel: Leads to it.
    """

    def __init__(self, process: int, channel: Channel, native: IO[bytes]) -> None:
        self.process, self.channel, self._native = process, channel, native

    def native_output(self) -> str:
        """What libraries have written past Python: the reason where one ended the process."""
        self._native.seek(0)
        return self._native.read().decode(errors="replace")


def _keep_native_output(file: IO[bytes]) -> None:
    """Lets Python alone write to the terminal: JAX's libraries write notes on connections, and on their loss."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        terminal = os.dup(number)
        os.dup2(file.fileno(), number)
        buffering = 1 if stream.line_buffering else -1
        renewed = os.fdopen(terminal, "w", buffering, encoding=stream.encoding, errors=stream.errors)
        setattr(sys, name, renewed)
