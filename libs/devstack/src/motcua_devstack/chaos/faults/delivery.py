"""Tasks that are delivered twice, in another order, or by two relays at once."""

import json
import random
import signal
import threading
from abc import abstractmethod
from collections.abc import Iterable

import redis
from pydantic import SecretStr

from motcua_devstack.chaos.faults.base import QUEUES, SERVICES, WORKERS, Fault, Site
from motcua_devstack.stack import TOPOLOGY
from motcua_kit.events.broker import celery_app
from motcua_kit.events.relay import Relay
from motcua_kit.events.transport import BELL
from motcua_kit.settings import Profile, ServiceSettings
from motcua_kit.store.connection import Store
from motcua_kit.topology import Topology

UNACKNOWLEDGED = "unacked"
"""Where the broker keeps the tasks that workers have begun and not finished."""


MOST = 100
"""Tasks of a queue that are delivered twice at a time: of a long queue all would make it twice as long each time."""


class _PileUp(Fault):
    """Workers stand still while tasks pile up, which are then meddled with."""

    def inject(self, site: Site) -> None:
        """Stop the workers."""
        for worker in WORKERS:
            site.running.supervisor.signal(worker, signal.SIGSTOP)

    def heal(self, site: Site) -> None:
        """Meddle, and let the workers go on."""
        try:
            with redis.Redis.from_url(site.running.addresses.broker_url) as broker:
                self.meddle(broker)
        finally:
            for worker in WORKERS:
                site.running.supervisor.signal(worker, signal.SIGCONT)

    @abstractmethod
    def meddle(self, broker: redis.Redis) -> None:
        """Change what waits."""


class Duplicate(_PileUp):
    """Tasks that wait or are in work are delivered once more."""

    def meddle(self, broker: redis.Redis) -> None:
        """Put a copy of each task that comes next behind the others."""
        for queue in QUEUES:
            put(broker, queue, broker.lrange(queue, -MOST, -1))
        for begun in broker.hvals(UNACKNOWLEDGED):
            message, _exchange, queue = json.loads(begun)
            put(broker, queue, [json.dumps(message)])


class Reorder(_PileUp):
    """Tasks that wait are delivered in another order."""

    def meddle(self, broker: redis.Redis) -> None:
        """Shuffle each queue."""
        for queue in QUEUES:
            with broker.pipeline() as both:
                both.lrange(queue, 0, -1)
                both.delete(queue)
                waiting, _ = both.execute()
            random.Random(self.target).shuffle(waiting)  # noqa: S311 - to be repeated, not to be secret
            put(broker, queue, waiting)


def put(broker: redis.Redis, queue: str, messages: Iterable[bytes | str]) -> None:
    """Put messages into a queue and ring its bell, as the kit's transport does."""
    if messages := list(messages):
        with broker.pipeline() as both:
            both.lpush(queue, *messages)
            both.lpush(queue + BELL, 1)
            both.execute()


class SecondRelay(Fault):
    """A relay that holds no lease works beside the one that does."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self._stop = threading.Event()
        self._stores: list[Store] = []
        self._relays: list[threading.Thread] = []

    def inject(self, site: Site) -> None:
        """Let relays of all services run beside the suite's."""
        addresses = site.running.addresses
        topology = Topology.load(TOPOLOGY)
        self._stores += [Store(addresses.mongodb_uri, f"motcua_{name}", "motcua-chaos") for name in SERVICES]
        settings = ServiceSettings(
            profile=Profile.LOCAL,
            service_name="chaos",
            mongodb_uri=SecretStr(addresses.mongodb_uri),
            broker_url=SecretStr(addresses.broker_url),
        )
        app = celery_app(settings, QUEUES)
        self._relays += [
            threading.Thread(target=Relay(store, topology, app).run, args=(self._stop,), daemon=True)
            for store in self._stores
        ]
        for relay in self._relays:
            relay.start()

    def heal(self, _site: Site) -> None:
        """Stop them."""
        self._stop.set()
        for relay in self._relays:
            relay.join()
        for store in self._stores:
            store.client.close()
