"""Names of our own attributes of spans and metrics.

`telemetry/registry.yaml` says what each means, and a test compares the two.
"""

CALLER_KIND = "motcua.caller.kind"
EVENT_ID = "motcua.event.id"
EVENT_TYPE = "motcua.event.type"
QUEUE_NAME = "motcua.queue.name"
REPLAYED = "motcua.command.replayed"
RESOURCE = "motcua.resource"
SERVICE = "motcua.service"
TASK_ATTEMPT = "motcua.task.attempt"
TASK_NAME = "motcua.task.name"
TASK_OUTCOME = "motcua.task.outcome"
