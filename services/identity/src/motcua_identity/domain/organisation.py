"""Organisations, each known by its tax code."""

from __future__ import annotations

from dataclasses import dataclass

from motcua_identity.domain.tax_code import check_tax_code
from motcua_kit.domain import Aggregate


@dataclass(kw_only=True)
class Organisation(Aggregate):
    """A firm, state body or other organisation.

    Attributes:
        tax_code: mã số thuế; unique.
        display_name: registered name.
        address: registered address.
        representative: account of the legal representative, `accounts/{id}`.
    """

    tax_code: str
    display_name: str
    representative: str
    address: str = ""

    @classmethod
    def register(cls, id: str, *, tax_code: str, display_name: str, representative: str, address: str) -> Organisation:
        """Register an organisation.

        Raises:
            ValidationFailed: `TAX_CODE_INVALID`.
        """
        check_tax_code(tax_code)
        return cls(id=id, tax_code=tax_code, display_name=display_name, representative=representative, address=address)
