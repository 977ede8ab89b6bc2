"""Phone numbers and e-mail addresses, judged by the libraries that know them."""

from __future__ import annotations

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from motcua_kit.domain import FieldViolation, ValidationFailed


class CheckedContacts:
    """Judges contact data without asking any network."""

    def phone(self, text: str) -> str:
        """Return the number in E.164; one without a country code is Vietnamese.

        Raises:
            ValidationFailed: `PHONE_INVALID`.
        """
        try:
            number = phonenumbers.parse(text, "VN")
        except phonenumbers.NumberParseException as error:
            raise _refuse("phone", "PHONE_INVALID", "not a phone number") from error
        # "Possible" and not "valid": new mobile prefixes exist before any table knows them.
        if not phonenumbers.is_possible_number(number):
            raise _refuse("phone", "PHONE_INVALID", "no phone number has this length")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def email(self, text: str) -> str:
        """Return the address in normal form.

        Raises:
            ValidationFailed: `EMAIL_INVALID`.
        """
        try:
            return validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError as error:
            raise _refuse("email", "EMAIL_INVALID", "not an e-mail address") from error


def _refuse(field: str, reason: str, message: str) -> ValidationFailed:
    return ValidationFailed(reason, message, [FieldViolation(field, reason, message)])
