"""Runs in a pod that reaches the database: forges an entry in the history of a dossier and prints its id.

With the argument `mend` it takes the entry out again.
"""

import sys
from contextlib import closing

from motcua_kit.store import Store
from motcua_ops.settings import OpsSettings

with closing(Store(OpsSettings.load().mongodb_uri.get_secret_value(), "motcua_dossier")) as store:
    dossiers = store.collection("dossiers")
    found = dossiers.find_one({"version": {"$gte": 3}}, sort=[("_id", 1)])
    assert found is not None, "no dossier has a history"
    forged = {**found["history"][1], "action": "Forged"}
    change = {"$pull": {"history": {"action": "Forged"}}} if "mend" in sys.argv else {"$push": {"history": forged}}
    dossiers.update_one({"_id": found["_id"]}, change)
    print(found["_id"], flush=True)
