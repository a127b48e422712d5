"""Hosts meet at host 0 before they train: each reports what it found, and all are told whether to begin.

A report is what `agreement.py` compares, or says why a host cannot train. The answer is `{"go": ...}` with the names of
all hosts and the address of JAX's own service, or `{"refused": ...}` with a sentence and a hint.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.hosts.agreement import Report, find_disagreement, named, refusal
from mbert_cli.hosts.channel import BEAT_SECONDS, SILENT_SECONDS, Channel, free_port, listen, readable
from mbert_cli.hosts.joining import Place, join_address
from mbert_cli.word_lists import listed

TICK_SECONDS = 0.25
_FAILED_SECONDS = 10.0
"""How long a host that cannot train waits for the others, to tell them."""
_RETRY_SECONDS = 0.5


@dataclass
class Guest:
    """A host at host 0; `report` is what it found, once it has looked."""

    channel: Channel
    name: str
    report: Report | None = None
    heard: float = field(default_factory=time.monotonic)


@dataclass
class Meeting:
    """What came of a meeting.

    Attributes:
        answer: What the worker is told; None where it ended before there was one.
        channels: Connections by index: host 0 has all others, the others have host 0.
        names: Of all hosts, once they have met.
    """

    answer: dict[str, Any] | None = None
    channels: dict[int, Channel] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def meet(place: Place, worker: Channel, say: Callable[[str], object]) -> Meeting:
    """Waits for all hosts and what they report.

    Args:
        place: The place of this host.
        worker: Where the process that trains tells its report.
        say: Told whom this host waits for, where it waits for long.
    """
    try:
        return _Hall(place, worker, say).meet() if place.index == 0 else _Visit(place, worker, say).meet()
    except UserError as error:
        return Meeting(refusal(error.message, error.hint))


def own_name() -> str:
    """What this machine is called."""
    return socket.gethostname()


class _Hall:
    """Host 0, to which the others come."""

    def __init__(self, place: Place, worker: Channel, say: Callable[[str], object]) -> None:
        self._place, self._worker, self._say = place, worker, say
        self._server = listen(place.address)
        self._strangers: list[Channel] = []
        self._guests: dict[int, Guest] = {}
        self._own: Report | None = None
        self._answer: dict[str, Any] | None = None
        self._began = self._beaten = time.monotonic()
        self._failed_at: float | None = None

    def meet(self) -> Meeting:
        with self._server:
            said = False
            while self._answer is None and self._worker.is_open:
                self._serve()
                if self._answer is None:
                    self._answer = self._decide()
                if not said and self._missing() and self._waited() > _FAILED_SECONDS:
                    self._say(f"Waiting for {_hosts(self._missing())} at {self._place.coordinator}")
                    said = True
        answer = self._answer or refusal(f"Host 0 must stay. Received: it was ended ({own_name()})")
        for guest in self._guests.values():
            guest.channel.send(answer)
        channels = {index: guest.channel for index, guest in self._guests.items()}
        return Meeting(self._answer, channels, self._names())

    def _waited(self) -> float:
        return time.monotonic() - self._began

    def _missing(self) -> list[int]:
        return [index for index in range(1, self._place.count) if index not in self._guests]

    def _names(self) -> tuple[str, ...]:
        others = (
            self._guests[index].name if index in self._guests else "" for index in range(1, self._place.count)
        )
        return (own_name(), *others)

    def _serve(self) -> None:
        known = [guest.channel for guest in self._guests.values()]
        for source in readable([self._server, self._worker, *self._strangers, *known], TICK_SECONDS):
            if isinstance(source, socket.socket):
                self._strangers.append(Channel(source.accept()[0]))
            elif source is self._worker:
                self._own = _report_in(source.receive()) or self._own
            elif source in self._strangers:
                self._greet(source)
            else:
                self._hear(source)
        for index, guest in list(self._guests.items()):
            if not guest.channel.is_open or time.monotonic() - guest.heard > SILENT_SECONDS:
                guest.channel.close()  # it may come again
                del self._guests[index]
        if time.monotonic() - self._beaten > BEAT_SECONDS:
            self._beaten = time.monotonic()
            for guest in self._guests.values():
                guest.channel.send({"beat": 0})

    def _greet(self, stranger: Channel) -> None:
        """A connection becomes a guest by saying who it is."""
        messages = stranger.receive()
        hello = next((message["hello"] for message in messages if _is_hello(message.get("hello"))), None)
        if hello is not None:
            self._strangers.remove(stranger)
            self._admit(stranger, hello, messages)
        elif not stranger.is_open:
            self._strangers.remove(stranger)
            stranger.close()

    def _admit(self, stranger: Channel, hello: dict[str, Any], messages: list[dict[str, Any]]) -> None:
        index, count, name = hello["index"], hello["count"], hello["name"]
        guest = self._guests.get(index)
        if count != self._place.count:
            self._answer = refusal(
                f"Hosts must agree on their number. Received: --hosts {count} on {named(index, name)}, "
                f"--hosts {self._place.count} on {named(0, own_name())}",
                "Give all the same --hosts.",
            )
        elif guest is not None or index == 0:
            other = named(0, own_name()) if guest is None else named(index, guest.name)
            self._answer = refusal(
                f"Every host must have an index of its own. Received: {index} on {name} and on {other}",
                f"Number them from 0 to {count - 1} with --host-index.",
            )
        if self._answer:
            stranger.send(self._answer)
        else:
            self._guests[index] = Guest(stranger, name, _report_in(messages))

    def _hear(self, channel: Channel) -> None:
        guest = next(guest for guest in self._guests.values() if guest.channel is channel)
        guest.heard = time.monotonic()
        guest.report = _report_in(channel.receive()) or guest.report

    def _decide(self) -> dict[str, Any] | None:
        """The answer, as soon as there is one."""
        missing = self._missing()
        reports = {0: self._own, **{index: guest.report for index, guest in self._guests.items()}}
        known = {index: report for index, report in reports.items() if report is not None}
        failed = any("failure" in report for report in known.values())
        self._failed_at = (self._failed_at or time.monotonic()) if failed else None
        gives_up = self._failed_at and time.monotonic() - self._failed_at > _FAILED_SECONDS
        if missing and not gives_up:
            is_late = self._waited() > self._place.wait_seconds
            return _refuse_missing(missing, self._place) if is_late and not failed else None
        if failed or len(known) == self._place.count:
            return find_disagreement(known, self._names()) or self._go()
        return None

    def _go(self) -> dict[str, Any]:
        service = join_address(self._place.address[0], free_port())
        return {"go": {"names": self._names(), "service": service}}


class _Visit:
    """Any other host, which goes to host 0."""

    def __init__(self, place: Place, worker: Channel, say: Callable[[str], object]) -> None:
        self._place, self._worker, self._say = place, worker, say
        self._report: Report | None = None
        self._channel: Channel | None = None
        self._reason = ""
        self._began = self._beaten = self._heard = time.monotonic()

    def meet(self) -> Meeting:
        said = False
        while self._worker.is_open:
            if self._channel is None:
                self._knock()
            answer = self._listen() or self._give_up()
            if answer is not None:
                channels = {0: self._channel} if self._channel else {}
                return Meeting(answer, channels, tuple(answer.get("go", {}).get("names", ())))
            if not said and self._channel is None and time.monotonic() - self._began > _FAILED_SECONDS:
                self._say(f"Waiting for host 0 at {self._place.coordinator}")
                said = True
        return Meeting()

    def _knock(self) -> None:
        try:
            connection = socket.create_connection(self._place.address, timeout=2)
        except OSError as error:
            self._reason = str(error.strerror or error)
            return
        self._channel, self._heard = Channel(connection), time.monotonic()
        hello = {"index": self._place.index, "count": self._place.count, "name": own_name()}
        self._channel.send({"hello": hello})
        if self._report is not None:
            self._channel.send({"report": self._report})

    def _listen(self) -> dict[str, Any] | None:
        sources = [self._worker, *([self._channel] if self._channel else [])]
        for source in readable(sources, TICK_SECONDS if self._channel else _RETRY_SECONDS):
            if source is self._worker:
                for message in source.receive():
                    if "report" in message:
                        self._report = message["report"]
                        if self._channel:
                            self._channel.send(message)
            elif source is self._channel:
                self._heard = time.monotonic()
                answers = [message for message in source.receive() if "beat" not in message]
                if answers:
                    return answers[0]
        self._keep_up()
        return None

    def _keep_up(self) -> None:
        """Gives a sign of life, and lets a connection go from which none comes any more."""
        now = time.monotonic()
        if self._channel is None:
            return
        if not self._channel.is_open or now - self._heard > SILENT_SECONDS:
            did = "says nothing" if self._channel.is_open else "closed the connection"
            self._reason = f"what listens there {did}"
            self._channel.close()
            self._channel = None
        elif now - self._beaten > BEAT_SECONDS:
            self._beaten = now
            self._channel.send({"beat": self._place.index})

    def _give_up(self) -> dict[str, Any] | None:
        if self._channel is not None:
            return None
        waited = time.monotonic() - self._began
        if self._report and "failure" in self._report and waited > _FAILED_SECONDS:
            return {"refused": self._report["failure"]}
        if waited <= self._place.wait_seconds:
            return None
        return refusal(
            f"Host 0 must answer within hosts.wait_seconds. Received: nobody at {self._place.coordinator} in "
            f"{counted(self._place.wait_seconds, 'second')} ({self._reason})",
            "Start the same command on host 0 too, with --host-index 0; --coordinator is its name and a port that is "
            "free and reachable there.",
        )


def _is_hello(value: object) -> bool:
    """Whether a message says who its sender is; whatever else knocks at an open port does not."""
    return isinstance(value, dict) and [type(value.get(name)) for name in ("index", "count", "name")] == [
        int,
        int,
        str,
    ]


def _report_in(messages: list[dict[str, Any]]) -> Report | None:
    return next((message["report"] for message in messages if "report" in message), None)


def _refuse_missing(missing: list[int], place: Place) -> dict[str, Any]:
    return refusal(
        f"All hosts must come within hosts.wait_seconds. Received: {place.count - len(missing)} of {place.count} "
        f"in {counted(place.wait_seconds, 'second')}, without {_hosts(missing)}",
        f"Start the same command there too, with its own --host-index and --coordinator {place.coordinator}.",
    )


def _hosts(indices: list[int]) -> str:
    """`host 1`, `hosts 1, 2`."""
    return f"host{'s' * (len(indices) > 1)} {listed([*map(str, indices)], most=5)}"
