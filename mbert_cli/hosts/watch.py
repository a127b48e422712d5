"""A host that dies or hangs ends the job on all hosts, with a sentence that names it.

Each host has a process that watches its worker. These processes keep the connections by which the hosts met: host 0 has
one to each other host. Every few seconds they send a sign of life. JAX has such signs too, but ends a process with a
trace of its own where they fail.
"""

import os
import signal
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

from mbert_cli.errors import RunError
from mbert_cli.hosts.agreement import capitalized, named
from mbert_cli.hosts.channel import BEAT_SECONDS, SILENT_SECONDS, Channel, readable

GRACE_SECONDS = 10.0
"""How long workers have to end by themselves where one has ended for a reason that all of them may meet."""
_TICK_SECONDS = 0.25
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals by which a person or a system ends a process."""


@dataclass(frozen=True)
class End:
    """Why a job ends before its time.

    Attributes:
        host: The index of the host to blame.
        reason: Completes the sentence that begins with its name.
        code: The exit code of the job.
        is_told: Whether the worker of that host has said why; the workers of others may do so too.
        is_crash: Whether a library ended that worker, which may have written why.
    """

    host: int
    reason: str
    code: int = RunError.exit_code
    is_told: bool = False
    is_crash: bool = False


class HostWatch:
    """Watches the worker of this host and the other hosts.

    Args:
        index: The index of this host.
        process: The number of its worker.
        worker: Leads to the worker.
        others: Leads to the other hosts, by their index: from host 0 to all, from the others to host 0.
    """

    def __init__(self, index: int, process: int, worker: Channel, others: dict[int, Channel]) -> None:
        self._index, self._process, self._worker, self._others = index, process, worker, others
        now = time.monotonic()
        self._heard = dict.fromkeys(others, now)
        self._beaten = self._turned = now
        self._is_stopped = False
        self._ending: dict[str, Any] = {}
        self._ending_since = now
        self.code: int | None = None
        """The exit code of the worker, once it has ended by itself."""
        self.end: End | None = None

    def run(self) -> End | None:
        """Watches until the job is over.

        Returns:
            Why it ends, where the worker did not end by itself and say so; `code` then is not its code.
        """
        while self.end is None and self.code is None:
            self._turn()
        if self.end is None and self.code:
            self.end = End(self._index, self._ending.get("reason", "has ended"), self.code, is_told=True)
        self._tell()
        if self.end is None:
            self._wait_for_others()
            return None
        deadline = time.monotonic() + GRACE_SECONDS
        while self.code is None and self.end.is_told and time.monotonic() < deadline:
            self._turn()
        if self.code is not None:
            return None
        self._kill()
        return self.end

    def _turn(self) -> None:
        """Hears, gives and misses signs of life for a moment."""
        sources = [channel for channel in (self._worker, *self._others.values()) if channel.is_open]
        for channel in readable(sources, _TICK_SECONDS) if sources else ():
            self._hear(channel)
        if not sources:
            time.sleep(_TICK_SECONDS)
        self._look_at_worker()
        now = time.monotonic()
        self._pass_over(now)
        if now - self._beaten > BEAT_SECONDS and not self._is_stopped:
            self._beaten = now
            for channel in self._others.values():
                channel.send({"beat": self._index})
        silent = [index for index, heard in self._heard.items() if now - heard > SILENT_SECONDS]
        if silent:
            self._conclude(End(silent[0], f"has given no sign of life for {SILENT_SECONDS:.0f} seconds"))

    def _pass_over(self, now: float) -> None:
        """Does not hold a time against others in which this process did not run: it, or all of them, were paused."""
        away = now - self._turned
        if away > SILENT_SECONDS / 2:
            self._heard = {index: min(heard + away, now) for index, heard in self._heard.items()}
        self._turned = now

    def _hear(self, channel: Any) -> None:
        messages = channel.receive()
        if channel is self._worker:
            for message in messages:
                self._ending, self._ending_since = message, time.monotonic()
            return
        index = next(index for index, other in self._others.items() if other is channel)
        self._heard[index] = time.monotonic()
        for message in messages:
            if "end" in message:
                self._conclude(End(**message["end"]))
            elif "done" in message:
                self._leave(index)
        if index in self._others and not channel.is_open:
            self._conclude(End(index, "is gone: its process was ended"))

    def _conclude(self, end: End) -> None:
        self.end = self.end or end

    def _leave(self, index: int) -> None:
        """A host is done and needs no watching any more."""
        self._others.pop(index).close()
        del self._heard[index]

    def _look_at_worker(self) -> None:
        if self.code is not None or not self._process:
            return
        process, status = os.waitpid(self._process, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if process == 0:
            self._end_the_end()
            return
        self._is_stopped = os.WIFSTOPPED(status)  # who is stopped gives no sign of life
        if os.WIFEXITED(status):
            self._drain()
            self.code = os.WEXITSTATUS(status)
        elif os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            reason = f"was ended by signal {number} ({signal.strsignal(number)})"
            self._conclude(End(self._index, reason, is_crash=number not in _FROM_OUTSIDE))
            self._process = 0

    def _end_the_end(self) -> None:
        """A worker that has said why it ends need not wait for others, as JAX does at its end."""
        if self._ending.get("code") and time.monotonic() - self._ending_since > GRACE_SECONDS:
            self._kill()
            self._process, self.code = 0, self._ending["code"]

    def _drain(self) -> None:
        """Reads what the worker said last."""
        while self._worker.is_open:
            self._hear(self._worker)

    def _tell(self) -> None:
        """Tells the other hosts how it ended."""
        message = {"done": self._index} if self.end is None else {"end": vars(self.end)}
        for channel in self._others.values():
            channel.send(message)

    def leave(self) -> None:
        """Ends the connections; all that was sent arrives."""
        for channel in self._others.values():
            channel.finish()

    def _wait_for_others(self) -> None:
        """Host 0 stays until all are done, for through it they hear of each other."""
        deadline = time.monotonic() + SILENT_SECONDS
        while self._index == 0 and self._others and self.end is None and time.monotonic() < deadline:
            self._turn()
        self.end = None

    def _kill(self) -> None:
        if self._process:
            os.kill(self._process, signal.SIGKILL)
            os.waitpid(self._process, 0)


def pass_signals_on(worker: Channel, process: int) -> None:
    """Hands what a person or a scheduler asks of this process for on to the worker."""

    def ask(number: int, frame: FrameType | None) -> None:
        worker.send({"signal": int(number)})

    def pause(number: int, frame: FrameType | None) -> None:
        os.kill(process, signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.kill(process, signal.SIGCONT)

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGTSTP, pause)


def describe_end(end: End, names: tuple[str, ...]) -> str:
    """What people are told: who is to blame and of what."""
    return capitalized(f"{named(end.host, names[end.host])} {end.reason}")
