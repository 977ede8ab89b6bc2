"""A worker that is killed in the worst instant loses nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from kombu.common import ignore_errors
from kombu.connection import Connection
from kombu.entity import Queue

from motcua_client import wait_for
from motcua_devstack.chaos.links import Condition, Links
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.events.transport import BELL, use_gapless_redis

VISIBILITY = 1

DIES_WITH_THE_MESSAGE_IN_HAND = """
    import os, signal, sys
    from kombu import Connection, Consumer, Queue
    from motcua_kit.events.transport import Transport, use_gapless_redis
    use_gapless_redis()
    Transport._deliver = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # after the pop, before anything else
    with Connection(sys.argv[1]) as connection, Consumer(connection, [Queue(sys.argv[2])], callbacks=[print]):
        connection.drain_events(timeout=10)
"""


def connect(url: str) -> Connection:
    use_gapless_redis()
    options = {"visibility_timeout": VISIBILITY, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
    return Connection(url, transport_options=options)  # type: ignore[no-untyped-call]


def take(url: str, queue: str, count: int) -> list[Any]:
    taken: list[Any] = []

    def keep(body: Any, message: Any) -> None:
        taken.append(body)
        message.ack()

    queues = [Queue(queue)]  # type: ignore[no-untyped-call]
    with connect(url) as connection, connection.Consumer(queues, callbacks=[keep]):
        while len(taken) < count:
            connection.drain_events(timeout=20)
    return taken


def put(url: str, queue: str, *bodies: str) -> None:
    queues = [Queue(queue)]  # type: ignore[no-untyped-call]
    with connect(url) as connection, connection.Producer() as producer:
        for body in bodies:
            producer.publish(body, routing_key=queue, declare=queues)


def wait_for_return(url: str, queue: str) -> None:
    """Wait until a message that somebody has taken is back in its queue."""
    with redis.Redis.from_url(url) as broker, connect(url) as connection:
        assert broker.llen(queue) == 0, "nobody had taken the message"

        def waiting_after_restore() -> Any:
            connection.default_channel.qos.restore_visible(interval=1)  # as workers do all the time
            return broker.llen(queue)

        wait_for(waiting_after_restore, lambda count: count == 1, seconds=20)


def test_messages_come_in_order_and_leave_nothing_behind(servers: EmbeddedServers) -> None:
    queue = f"q{uuid.uuid4().hex}"
    put(servers.broker_url, queue, "1", "2", "3")
    assert take(servers.broker_url, queue, 3) == ["1", "2", "3"]
    with redis.Redis.from_url(servers.broker_url) as broker:
        assert broker.llen(queue) == 0
        assert not [one for one in broker.hvals("unacked") if queue.encode() in one]


def test_a_busy_queue_costs_one_command_a_message_and_one_to_acknowledge_it(own_broker: Any) -> None:
    url, _ = own_broker
    count = 20
    put(url, "busy", *map(str, range(count)))
    with redis.Redis.from_url(url) as broker:
        broker.config_resetstat()
        assert take(url, "busy", count) == [str(number) for number in range(count)]
        calls = {name.removeprefix("cmdstat_"): row["calls"] for name, row in broker.info("commandstats").items()}
    assert [calls[name] for name in ("eval", "zadd", "zrem")] == [count] * 3
    assert "brpop" not in calls


def test_queues_are_served_in_turn(servers: EmbeddedServers) -> None:
    names = [f"q{uuid.uuid4().hex}" for _ in range(3)]
    for name in names:
        put(servers.broker_url, name, *[name] * 2)
    taken: list[str] = []

    def keep(body: str, message: Any) -> None:
        taken.append(body)
        message.ack()

    queues = [Queue(name) for name in names]  # type: ignore[no-untyped-call]
    with connect(servers.broker_url) as connection, connection.Consumer(queues, callbacks=[keep]):
        while len(taken) < 2 * len(names):
            connection.drain_events(timeout=20)
    assert sorted(taken[: len(names)]) == sorted(taken[len(names) :]) == sorted(names)


def test_who_takes_one_of_several_wakes_the_next(servers: EmbeddedServers) -> None:
    queue = f"q{uuid.uuid4().hex}"
    taken: list[str] = []
    queues = [Queue(queue)]  # type: ignore[no-untyped-call]
    with connect(servers.broker_url) as one, connect(servers.broker_url) as other:
        for connection in (one, other):
            consumer = connection.Consumer(queues, callbacks=[lambda body, _: taken.append(body)])
            consumer.qos(prefetch_count=1)
            consumer.consume()
            with pytest.raises(TimeoutError):  # both look, find nothing, and wait for the bell
                connection.drain_events(timeout=0.2)
        put(servers.broker_url, f"{queue}-aside", "1", "2")
        with redis.Redis.from_url(servers.broker_url) as broker:
            broker.rename(f"{queue}-aside", queue)
            broker.lpush(queue + BELL, 1)  # only one of them hears it
        for connection in (one, other):
            connection.drain_events(timeout=20)
    assert sorted(taken) == ["1", "2"]


def test_message_without_bell_is_found(servers: EmbeddedServers) -> None:
    queue = f"q{uuid.uuid4().hex}"
    put(servers.broker_url, queue, "quiet")
    with redis.Redis.from_url(servers.broker_url) as broker:
        broker.delete(queue + BELL)
    assert take(servers.broker_url, queue, 1) == ["quiet"]


def test_message_of_a_consumer_killed_with_it_in_hand_comes_back(servers: EmbeddedServers) -> None:
    queue = f"q{uuid.uuid4().hex}"
    put(servers.broker_url, queue, "precious")
    script = textwrap.dedent(DIES_WITH_THE_MESSAGE_IN_HAND)
    killed = subprocess.run([sys.executable, "-c", script, servers.broker_url, queue], timeout=30, check=False)  # noqa: S603
    assert killed.returncode == -signal.SIGKILL
    wait_for_return(servers.broker_url, queue)
    assert take(servers.broker_url, queue, 1) == ["precious"]


def test_a_consumer_gives_up_the_connection_to_a_broker_that_has_gone(servers: EmbeddedServers) -> None:
    queue = f"q{uuid.uuid4().hex}"
    put(servers.broker_url, queue, "precious")
    taken: list[Any] = []
    queues = [Queue(queue)]  # type: ignore[no-untyped-call]
    parts = urlsplit(servers.broker_url)
    with Links() as links:
        way = links.way("consumer", "broker", parts.port or 0)
        connection: Any = connect(f"redis://127.0.0.1:{way}{parts.path}")
        consumer = connection.Consumer(queues, callbacks=[lambda body, _: taken.append(body)])
        consumer.consume()
        connection.drain_events(timeout=20)
        other = connection.channel()  # a worker has one more, for remote control
        connection.Consumer([Queue(f"{queue}-other")], channel=other).consume()  # type: ignore[no-untyped-call]
        for channel in (connection.default_channel, other):
            connection.transport.cycle._register_BRPOP(channel)  # both wait for the next message
        links.change("consumer>broker", Condition(cut=True))
        # As Celery's worker does it when the broker dies with a message in the worker's hands.
        connection.collect(socket_timeout=1)
        ignore_errors(connection, connection.close)  # type: ignore[no-untyped-call]
    wait_for_return(servers.broker_url, queue)
    assert take(servers.broker_url, queue, 1) == taken == ["precious"]
