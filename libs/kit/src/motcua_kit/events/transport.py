# mypy: disable-error-code="no-untyped-call"
"""Kombu's Redis transport without its gap: a message is noted as begun in the instant in which it leaves its queue.

Kombu pops a message with BRPOP and notes it as unacknowledged afterwards; a worker that is killed in between takes the
message with it. Here a worker takes messages by a script, which pops and notes at once, for as long as there are any.
Then it waits for a bell beside the queue (BRPOP as well, but what it pops says only that there is something). A message
whose worker died is always among the unacknowledged ones, which go back to their queue after the visibility timeout.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, time
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual
from kombu.transport.virtual import Empty
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads

BELL = ".bell"
SCHEMES = ("redis", "rediss")
WAIT, LOOK = "BRPOP", "EVAL"

TAKE = """
local unacked, index = KEYS[1], KEYS[2]
local place, message
local more = 0
for i = 3, #KEYS, 2 do
  if not message then
    message = redis.call('RPOP', KEYS[i])
    place = i
  end
  if message and redis.call('LLEN', KEYS[i]) > 0 then
    more = 1
    if place == i then
      redis.call('LPUSH', KEYS[i + 1], 1)
      redis.call('LTRIM', KEYS[i + 1], 0, 0)
    end
  end
end
if not message then return false end
if ARGV[(place + 1) / 2] == '1' then
  local properties = cjson.decode(message)['properties']
  local info = properties['delivery_info']
  local path = cjson.encode(info['exchange']) .. ',' .. cjson.encode(info['routing_key'])
  redis.call('ZADD', index, ARGV[1], properties['delivery_tag'])
  redis.call('HSET', unacked, properties['delivery_tag'], '[' .. message .. ',' .. path .. ']')
end
return {(place - 3) / 2, message, more}
"""
"""Take the first message of some queues; tell from which it is, and whether more wait.

Keys: unacknowledged messages as Kombu keeps them, index of their tags by time, then each queue and its bell. Arguments:
the time, then for each queue whether its messages are acknowledged.
"""


def use_gapless_redis() -> None:
    """From now on connections to `redis://` go through this transport."""
    for scheme in SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class QoS(redis.QoS):
    """Knows what the script has noted already."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """Remember a message that is in work."""
        if delivery_tag == self.channel.taken:
            virtual.QoS.append(self, message, delivery_tag)
        else:
            super().append(message, delivery_tag)


class Channel(redis.Channel):
    """Takes messages without a gap.

    Attributes:
        taken: delivery tag of the message that was taken last, when it was noted as begun.
    """

    QoS = QoS
    _in_poll: Any
    _brpop_sent_at: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = ""
        self._acknowledging: set[str] = set()
        self._commands: Any = None
        self._queues: list[str] = []
        # Whoever put or restored a message may have died before ringing: begin with a look, and look after each wait.
        self._next = LOOK
        self._sent = LOOK

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        # When the broker has gone for good, Celery gives the connection up twice. The second time Kombu looks for the
        # address to put unacknowledged messages back, finds None, and the worker dies of an AttributeError. They come
        # back by themselves after the visibility timeout, and of a ConnectionError the worker tries to connect again.
        if self.connection.client is None:
            message = "the connection was given up"
            raise ConnectionError(message)
        return super()._connparams(*args, **kwargs)

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """Lend a client for commands; always the same, as making one takes longer than most commands."""
        if client is None:
            if self._commands is None or self._commands.connection_pool is not self.pool:
                self._commands = self._create_client()
            client = self._commands
        yield client

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> Any:  # noqa: FBT001 - Kombu's call
        """Remember of which queues messages are acknowledged."""
        if not no_ack:
            self._acknowledging.add(queue)
        return super().basic_consume(queue, no_ack, *args, **kwargs)

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        batch = kwargs.get("_publish_batch")
        super()._put(queue, message, **kwargs)
        if batch is not None:
            batch.add("lpush", queue + BELL, 1)
            batch.add("ltrim", queue + BELL, 0, 0)
            return
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.lpush(queue + BELL, 1)
            pipe.ltrim(queue + BELL, 0, 0)
            pipe.execute()

    def _brpop_start(self, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        self._in_poll = self.client.connection
        self._brpop_sent_at = monotonic()
        self._sent, self._queues = self._next, list(queues)
        bells = [queue + BELL for queue in queues]
        if self._sent == WAIT:
            command = [*bells, timeout or self.brpop_timeout]
        else:
            pairs = [key for pair in zip(queues, bells, strict=True) for key in pair]
            noted = ["1" if queue in self._acknowledging else "0" for queue in queues]
            keys = [self.unacked_key, self.unacked_index_key, *pairs]
            command = [TAKE, len(keys), *keys, time(), *noted]
        self.client.connection.send_command(self._sent, *command)

    def _brpop_read(self, **options: Any) -> bool:
        try:
            try:
                answer = self.client.parse_response(self.client.connection, self._sent, **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            if self._sent == WAIT:
                self._next = LOOK
                raise Empty
            self._next = LOOK if answer and answer[2] else WAIT
            if not answer:
                raise Empty
            self._begin(self._queues[answer[0]], loads(bytes_to_str(answer[1])))
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _begin(self, queue: str, message: dict[str, Any]) -> None:
        self._queue_cycle.rotate(queue)
        self.taken = message["properties"]["delivery_tag"] if queue in self._acknowledging else ""
        self.connection._deliver(message, queue)  # noqa: SLF001 - as Kombu's own


class Transport(redis.Transport):
    """Kombu's Redis transport with channels that take messages without a gap."""

    Channel = Channel
