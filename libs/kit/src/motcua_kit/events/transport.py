# mypy: disable-error-code="no-untyped-call"
"""Kombu's Redis transport without its gap: a message is noted as begun in the instant in which it leaves its queue.

Kombu pops a message with BRPOP and notes it as unacknowledged afterwards; a worker that is killed in between takes the
message with it. Here a worker waits for a bell beside the queue (BRPOP as well, but what it pops says only that there
is something) and takes the message by a script, which pops and notes at once. A message whose worker died is then
always among the unacknowledged ones, which go back to their queue after the visibility timeout.
"""

from __future__ import annotations

from time import monotonic, time
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from kombu.transport.virtual import Empty
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads

BELL = ".bell"
SCHEMES = ("redis", "rediss")

TAKE = """
local message = redis.call('RPOP', KEYS[1])
if not message then return false end
if redis.call('LLEN', KEYS[1]) > 0 then
  redis.call('LPUSH', KEYS[2], 1)
  redis.call('LTRIM', KEYS[2], 0, 0)
end
if ARGV[2] == '1' then
  local properties = cjson.decode(message)['properties']
  local info = properties['delivery_info']
  local path = cjson.encode(info['exchange']) .. ',' .. cjson.encode(info['routing_key'])
  redis.call('ZADD', KEYS[3], ARGV[1], properties['delivery_tag'])
  redis.call('HSET', KEYS[4], properties['delivery_tag'], '[' .. message .. ',' .. path .. ']')
end
return message
"""
"""Keys: queue, bell, index of unacknowledged tags by time, unacknowledged messages as Kombu keeps them."""


def use_gapless_redis() -> None:
    """From now on connections to `redis://` go through this transport."""
    for scheme in SCHEMES:
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"


class Channel(redis.Channel):
    """Takes messages without a gap."""

    _in_poll: Any
    _brpop_sent_at: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._acknowledging: set[str] = set()

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        # When the broker has gone for good, Celery gives the connection up twice. The second time Kombu looks for the
        # address to put unacknowledged messages back, finds None, and the worker dies of an AttributeError. They come
        # back by themselves after the visibility timeout, and of a ConnectionError the worker tries to connect again.
        if self.connection.client is None:
            message = "the connection was given up"
            raise ConnectionError(message)
        return super()._connparams(*args, **kwargs)

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
        bells = [queue + BELL for queue in queues]
        self.client.connection.send_command("BRPOP", *bells, timeout or self.brpop_timeout)

    def _brpop_read(self, **options: Any) -> bool:
        try:
            try:
                rung = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            # Without a bell all queues are looked at: whoever put or restored a message may have died before ringing.
            first = [bytes_to_str(rung[0]).removesuffix(BELL)] if rung else []
            for queue in first or self._queue_cycle.consume(len(self.active_queues)):
                message = self._take(queue)
                if message is not None:
                    self._queue_cycle.rotate(queue)
                    self.connection._deliver(loads(bytes_to_str(message)), queue)  # noqa: SLF001 - as Kombu's own
                    return True
            raise Empty
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _take(self, queue: str) -> Any:
        note = "1" if queue in self._acknowledging else "0"
        with self.conn_or_acquire() as client:
            return client.eval(TAKE, 4, queue, queue + BELL, self.unacked_index_key, self.unacked_key, time(), note)


class Transport(redis.Transport):
    """Kombu's Redis transport with channels that take messages without a gap."""

    Channel = Channel
