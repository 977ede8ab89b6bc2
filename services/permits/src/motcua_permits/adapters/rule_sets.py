"""Pinned rule sets in MongoDB: written once under their digest, never changed."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from motcua_kit.domain import PreconditionFailed
from motcua_kit.store import Store
from motcua_kit.store.documents import converter
from motcua_permits.adapters.collections import RULE_SETS
from motcua_permits.domain.bylaws import RuleSet


class MongoRuleSets:
    """Rule sets as applications pinned them."""

    def __init__(self, store: Store) -> None:
        self._documents = store.collection(RULE_SETS)

    def keep(self, rule_set: RuleSet) -> None:
        """See `RuleSets.keep`."""
        digest = rule_set.digest
        if self._documents.find_one({"_id": digest}, {"_id": 1}) is not None:
            return
        try:
            self._documents.insert_one({"_id": digest, **converter.unstructure(rule_set)})
        except DuplicateKeyError:
            return  # equal digests hold equal rules

    def get(self, digest: str) -> RuleSet:
        """See `RuleSets.get`."""
        document = self._documents.find_one({"_id": digest})
        if document is None:
            raise PreconditionFailed("RULE_SET_MISSING", f"rule set {digest} is not kept", date=digest)
        return converter.structure({key: value for key, value in document.items() if key != "_id"}, RuleSet)
