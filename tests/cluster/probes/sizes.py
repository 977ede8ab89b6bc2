"""Runs in a pod of a service, whose name it reads: prints the bytes of its documents by collection, as BSON."""

import json
import sys

from bson.raw_bson import RawBSONDocument

from motcua_kit.settings import ServiceSettings
from motcua_kit.store import Store

settings = ServiceSettings(service_name=sys.stdin.read())
store = Store(settings.mongodb_uri.get_secret_value(), settings.database)
raw = store.database.with_options(
    codec_options=store.database.codec_options.with_options(document_class=RawBSONDocument)
)
print(json.dumps({name: sum(len(one.raw) for one in raw[name].find()) for name in raw.list_collection_names()}))
