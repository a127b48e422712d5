"""Messages between processes of a job."""

import socket

import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts.channel import Channel, free_port, listen, pair, readable


def test_messages_arrive_whole_and_in_their_order():
    here, there = pair()
    here.send({"one": 1})
    here.send({"text": "naïve\n"})
    assert there.receive() == [{"one": 1}, {"text": "naïve\n"}]
    assert there.is_open


def test_half_a_message_waits_for_its_other_half():
    sender, receiver = socket.socketpair()
    channel = Channel(receiver)
    sender.sendall(b'{"one"')
    assert channel.receive() == []
    sender.sendall(b": 1}\n")
    assert channel.receive() == [{"one": 1}]


def test_an_end_that_is_gone_closes_the_channel():
    here, there = pair()
    here.send({"last": 1})
    here.close()
    assert there.receive() == [{"last": 1}]
    assert there.receive() == []
    assert not there.is_open
    there.send({"nobody": "hears"})  # is lost, and no error


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\n", b"[1]\n", b"\xff\xfe\n"])
def test_whoever_speaks_otherwise_is_no_process_of_ours(line):
    sender, receiver = socket.socketpair()
    channel = Channel(receiver)
    sender.sendall(line)
    assert channel.receive() == []
    assert not channel.is_open


def test_the_last_message_arrives_although_signs_of_life_were_not_read():
    with listen(("localhost", 0)) as server:
        here = Channel(socket.create_connection(server.getsockname()[:2]))
        there = Channel(server.accept()[0])
    there.send({"beat": 0})
    here.send({"end": 1})
    there.close()
    here.finish()
    assert not here.is_open


def test_a_port_in_use_is_refused_by_name():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            UserError, match=rf"must be free on host 0\. Received: {port} \(Address already in use\)"
        ):
            listen(("localhost", port))


def test_a_free_port_can_be_listened_at():
    listen(("localhost", free_port())).close()


def test_only_sources_with_something_to_read_are_readable():
    here, there = pair()
    assert readable([there], 0) == []
    here.send({})
    assert readable([there], 0) == [there]
