"""Which key signs when, and which are published."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from motcua_identity.adapters.secrets import FernetSealer
from motcua_identity.adapters.sign_in_store import MongoCredentials, MongoSigningKeys, reseal
from motcua_identity.application.key_ring import KeyRing
from motcua_identity.application.ports import Credential, SealError
from motcua_identity.bootstrap import SERVICE
from motcua_identity.domain.signing_key import KEPT_AFTER, PUBLISHED_AHEAD
from motcua_kit.store import Store, migrate
from motcua_kit.testing import SettableClock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def real_time() -> SettableClock:
    return SettableClock(NOON)


@pytest.fixture
def ring(store: Store, real_time: SettableClock) -> KeyRing:
    migrate(store, SERVICE.migrations)
    return KeyRing(MongoSigningKeys(store), FernetSealer("a key of this test, long enough"), real_time)


def published(ring: KeyRing) -> set[str]:
    return {key["kid"] for key in ring.key_set()["keys"]}


def signer(ring: KeyRing) -> str:
    return str(ring.signing_keys().keys[0].kid)


def test_the_first_key_makes_itself_once(store: Store, ring: KeyRing, real_time: SettableClock) -> None:
    other = KeyRing(MongoSigningKeys(store), FernetSealer("a key of this test, long enough"), real_time)
    assert signer(ring) == signer(other)
    assert len(MongoSigningKeys(store).all()) == 1


def test_a_new_key_is_known_before_it_signs_and_the_old_one_after(ring: KeyRing, real_time: SettableClock) -> None:
    old = signer(ring)
    new = ring.rotate()
    assert (signer(ring), published(ring)) == (old, {old, new.kid})
    real_time.move(PUBLISHED_AHEAD)
    assert (signer(ring), published(ring)) == (new.kid, {old, new.kid})
    real_time.move(KEPT_AFTER)
    assert (signer(ring), published(ring)) == (new.kid, {new.kid})


def test_a_leaked_key_is_believed_no_more(ring: KeyRing) -> None:
    signer(ring)
    new = ring.rotate(leaked=True)
    assert (signer(ring), published(ring)) == (new.kid, {new.kid})


def test_a_rotation_before_the_first_use_leaves_no_time_without_a_key(ring: KeyRing) -> None:
    assert ring.rotate().kid == signer(ring)


def test_private_keys_are_sealed_and_never_published(store: Store, ring: KeyRing) -> None:
    signer(ring)
    (document,) = store.collection("signing_keys").find({})
    assert "d" not in document["public_key"]
    assert b'"d"' not in bytes(document["sealed_private_key"])
    assert all("d" not in key for key in ring.key_set()["keys"])


FORMER, PRESENT = "a former key, long enough by far", "a present key, long enough by far"


def test_a_rotated_sealing_key_opens_what_the_former_one_sealed_until_all_is_resealed(store: Store) -> None:
    former, both, present = FernetSealer(FORMER), FernetSealer(f"{PRESENT}\n{FORMER}"), FernetSealer(PRESENT)
    ring = KeyRing(MongoSigningKeys(store), former, SettableClock(NOON))
    signer(ring)
    MongoCredentials(store).put(Credential("lan.le", "officers/1", "hash", former.seal(b"totp")))

    def readable(sealer: FernetSealer) -> bool:
        try:
            sealer.open(MongoCredentials(store).get("lan.le").sealed_totp_secret)  # type: ignore[union-attr]
            signer(KeyRing(MongoSigningKeys(store), sealer, SettableClock(NOON)))
        except SealError:
            return False
        return True

    assert (readable(both), readable(present)) == (True, False)
    assert reseal(store, both) == 2
    assert reseal(store, both) == 2
    assert (readable(both), readable(present), readable(former)) == (True, True, False)


def test_resealing_without_the_former_key_fails_and_changes_nothing(store: Store) -> None:
    signer(KeyRing(MongoSigningKeys(store), FernetSealer(FORMER), SettableClock(NOON)))
    (before,) = store.collection("signing_keys").find({})
    with pytest.raises(SealError):
        reseal(store, FernetSealer(PRESENT))
    assert list(store.collection("signing_keys").find({})) == [before]
