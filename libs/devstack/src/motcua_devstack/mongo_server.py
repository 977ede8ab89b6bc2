"""The embedded MongoDB-wire server: SecantusDB with its own arguments, and with one fault of its sweeper mended.

    python -m motcua_devstack.mongo_server --port 27017 --storage-path DATA

Each minute SecantusDB (0.7.0b3) looks for documents that have expired, and until the next time it stays where it read
last: WiredTiger can then neither empty those pages nor forget what was changed since. From its second minute on, a
server under load takes three times as long for a write, keeps every version of every document, and in the end stands
still for half a minute. Its other threads let go when they have done; here the sweeper does as well.
"""

import sys
from typing import Any

from secantus import cli, server
from secantus.storage import Storage


class LettingGo(Storage):  # type: ignore[misc]  # secantus has no types
    """A store whose sweeper holds nothing while it sleeps."""

    def prune_ttl_all_collections(self, **options: Any) -> int:
        """Delete what has expired; returns how many documents that were."""
        try:
            return int(super().prune_ttl_all_collections(**options))
        finally:
            self.release_thread_snapshot()


if __name__ == "__main__":
    server.Storage = LettingGo
    sys.exit(cli.main())
