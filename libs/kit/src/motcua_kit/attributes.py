"""Names of our own span attributes; `telemetry/registry.yaml` says what each means, and a test compares the two."""

CALLER_KIND = "motcua.caller.kind"
EVENT_ID = "motcua.event.id"
EVENT_TYPE = "motcua.event.type"
REPLAYED = "motcua.command.replayed"
RESOURCE = "motcua.resource"
TASK_ATTEMPT = "motcua.task.attempt"
