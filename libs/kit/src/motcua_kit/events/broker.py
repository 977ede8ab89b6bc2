"""The Celery application that all services configure alike."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from celery import Celery
from kombu.entity import Queue

from motcua_kit.events.transport import use_gapless_redis
from motcua_kit.settings import ServiceSettings

RESTORE_SECONDS = 1
"""How often a worker looks for tasks whose worker died; kombu's default finds them only after 100 s."""

PEER_SECONDS = 20
"""After which a broker that vanished without a word, as one with its node, is taken for dead; else it takes hours."""

KEEPALIVE = {
    socket.TCP_KEEPIDLE: PEER_SECONDS // 2,
    socket.TCP_KEEPINTVL: PEER_SECONDS // 4,
    socket.TCP_KEEPCNT: 2,
    socket.TCP_USER_TIMEOUT: PEER_SECONDS * 1000,
}


def celery_app(settings: ServiceSettings, queues: Iterable[str] = ()) -> Celery:
    """Return a Celery application for this service.

    Tasks are acknowledged when they are done, given to another worker when theirs dies, and limited in time below the
    broker's visibility timeout, so that no second copy runs beside a slow first.
    """
    use_gapless_redis()
    app = Celery(settings.service_name, broker=settings.broker_url.get_secret_value(), set_as_current=False)
    limit = settings.broker_visibility_timeout * 0.8
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_timeout=False,
        task_ignore_result=True,
        task_time_limit=limit,
        task_soft_time_limit=limit * 0.75,
        task_create_missing_queues=False,
        task_queues=[Queue(name) for name in sorted(queues)],  # type: ignore[no-untyped-call]
        task_default_queue=f"{settings.service_name}.default",
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.worker_concurrency,
        worker_max_tasks_per_child=5_000,
        worker_proc_alive_timeout=60,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": settings.broker_visibility_timeout,
            "unacked_restore_interval": RESTORE_SECONDS,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": PEER_SECONDS,
            "socket_keepalive": True,
            "socket_keepalive_options": KEEPALIVE,
            "health_check_interval": 10,
        },
        timezone="UTC",
    )
    return app
