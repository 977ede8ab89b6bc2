"""Accounts: reading, changing contact data, and linking with the e-ID at sign-in."""

from __future__ import annotations

import uuid

import structlog

from motcua_identity.application.ports import AccessLog, Accounts, Contacts
from motcua_identity.domain.access_entry import AccessEntry
from motcua_identity.domain.account import Account, EidIdentity, Locale
from motcua_kit.access import Access
from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, FieldViolation, NotFound, ValidationFailed

log = structlog.get_logger(__name__)

UPDATABLE = ("phone", "email", "locale")
SHOWN_FIELDS = ("citizen_id", "full_name", "birth_date", "sex", "address", "phone", "email")


class AccountApp:
    """Commands and queries about accounts."""

    def __init__(self, accounts: Accounts, access_log: AccessLog, contacts: Contacts, clock: Clock) -> None:
        self._accounts = accounts
        self._access_log = access_log
        self._contacts = contacts
        self._clock = clock

    def get(self, access: Access, account_id: str, purpose: str) -> Account:
        """Return an account; a read by anybody but the person is entered in the access log.

        Raises:
            NotFound: there is none, or the caller may not know of it.
        """
        access.check(owner=f"accounts/{account_id}", resource=f"accounts/{account_id}")
        account = self._accounts.get(account_id)
        self._note(access, account, purpose, "GetAccount")
        return account

    def lookup(self, access: Access, citizen_id: str, purpose: str) -> Account:
        """Return the account of a personal identification number.

        Raises:
            NotFound: there is none, or the caller may not know of it.
        """
        account = self._accounts.by_citizen_id(citizen_id)
        if account is None:
            access.check()
            raise NotFound
        access.check(owner=f"accounts/{account.id}")
        self._note(access, account, purpose, "LookupAccount")
        return account

    def update(
        self, command: Command, access: Access, account_id: str, changes: dict[str, str], *, etag: str
    ) -> Account:
        """Change contact data.

        Args:
            command: who asks.
            access: what they may.
            account_id: whose.
            changes: new values of `phone`, `email` and `locale`; an empty phone or e-mail removes it.
            etag: version the caller read, or empty.

        Raises:
            NotFound: there is none, or the caller may not know of it.
            ValidationFailed: a field may not be changed or a value is not valid.
        """
        access.check(owner=f"accounts/{account_id}", resource=f"accounts/{account_id}")
        if locked := sorted(changes.keys() - set(UPDATABLE)):
            message = f"cannot be changed here: {', '.join(locked)}"
            raise ValidationFailed(
                "FIELD_NOT_UPDATABLE",
                message,
                [FieldViolation("update_mask", "FIELD_NOT_UPDATABLE", message)],
                fields=", ".join(locked),
            )
        phone, email, locale = (changes.get(name) for name in UPDATABLE)
        checked_phone = self._contacts.phone(phone) if phone else phone
        checked_email = self._contacts.email(email) if email else email
        checked_locale = _locale(locale) if locale is not None else None
        return self._accounts.change(
            account_id,
            command,
            lambda account: account.reach_at(phone=checked_phone, email=checked_email, locale=checked_locale),
            etag=etag,
        )

    def sign_in(self, identity: EidIdentity) -> Account:
        """Return the account of a person whom the e-ID has just verified; the first time opens it.

        Raises:
            PreconditionFailed: the e-ID subject belongs to another number here.
            ValidationFailed: the asserted facts contradict the number.
        """
        if not identity.citizen_id.province_known:
            log.warning("citizen_id_province_unknown", province=identity.citizen_id.province)
        now = self._clock()
        account = self._accounts.by_subject(identity.issuer, identity.subject) or self._accounts.by_citizen_id(
            identity.citizen_id.number
        )
        if account is None:
            account_id = uuid.uuid4().hex
            opened = Account.open(account_id, identity, now)
            command = Command(name="OpenAccount", actor=f"accounts/{account_id}", time=now)
            try:
                return self._accounts.create(opened, command)
            except AlreadyExists:
                # Two first sign-ins at once: the other one opened it.
                account = self._accounts.by_citizen_id(identity.citizen_id.number)
                if account is None:
                    raise
        command = Command(name="SignIn", actor=f"accounts/{account.id}", time=now)
        return self._accounts.change(account.id, command, lambda known: known.verify(identity, now))

    def _note(self, access: Access, account: Account, purpose: str, query: str) -> None:
        person = f"accounts/{account.id}"
        reader = access.caller
        if person in (reader.name, reader.on_behalf_of):
            return
        now = self._clock()
        entry = AccessEntry(
            id=uuid.uuid4().hex,
            person=person,
            reader=reader.name,
            on_behalf_of=reader.on_behalf_of,
            purpose=purpose or query,
            resource=person,
            fields=list(SHOWN_FIELDS),
            read_time=now,
        )
        self._access_log.create(
            entry, Command(name=query, actor=reader.name, time=now, on_behalf_of=reader.on_behalf_of)
        )


def _locale(text: str) -> Locale:
    try:
        return Locale(text)
    except ValueError as error:
        message = f"want one of {', '.join(Locale)}"
        raise ValidationFailed(
            "LOCALE_UNSUPPORTED",
            message,
            [FieldViolation("account.locale", "LOCALE_UNSUPPORTED", message)],
            locales=", ".join(Locale),
        ) from error
