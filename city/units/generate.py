# ruff: noqa: INP001 - a tool beside its data, not a module
"""Write `units.csv` from the tables of the package `vietnamadminunits`.

Run it by hand when the units of the City change, read the difference, commit the result. Nothing imports the package at
run time: what the City is made of is a fact that people review, not something a library may change by an upgrade.

    python city/units/generate.py
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import unicodedata
from importlib.resources import files
from pathlib import Path

CITY = "79"
MERGED_PROVINCES = ("74", "77")
SNAPSHOT = "2025-01-01"
LAST_OLD_DAY = "2025-06-30"
MERGER = "2025-07-01"
CON_DAO_DISTRICT = "755"

COLUMNS = (
    "code", "name", "type", "parent", "valid_from", "valid_to", "successors", "agency_code", "latitude", "longitude",
    "area_km2", "source",
)  # fmt: skip
TYPES = {
    "Quận": "DISTRICT", "Huyện": "DISTRICT", "Thị xã": "DISTRICT", "Thành phố": "DISTRICT",
    "Phường": "WARD", "Xã": "COMMUNE", "Thị trấn": "TOWNSHIP", "Đặc khu": "SPECIAL_ZONE",
}  # fmt: skip
# The package calls these two wards of Phú Nhuận communes.
WARDS_TYPED_AS_COMMUNES = {"27046", "27076"}

Row = dict[str, str]


def clean(text: str) -> str:
    """Return the text in NFC with single blanks."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def point(latitude: float | None, longitude: float | None) -> Row:
    """Return the coordinates as columns."""
    return {"latitude": f"{latitude or ''}", "longitude": f"{longitude or ''}"}


def successors_of(
    converter: dict[str, dict[str, object]], codes: dict[str, str], province: str
) -> dict[str, list[str]]:
    """Return the new ward codes for every old ward key, several for a ward that was split."""
    whole: dict[str, list[str]] = converter["DICT_PROVINCE_WARD_NO_DIVIDED"][province]  # type: ignore[assignment]
    split: dict[str, list[dict[str, str]]] = converter["DICT_PROVINCE_WARD_DIVIDED"][province]  # type: ignore[assignment]
    result = {old: [codes[new]] for new, olds in whole.items() for old in olds}
    for old, parts in split.items():
        result[old] = sorted(codes[part["newWardKey"]] for part in parts)
    return result


def current(database: sqlite3.Connection) -> list[Row]:
    """Return the City and its 168 units in force."""
    rows = database.execute("SELECT * FROM admin_units WHERE provinceCode = ? ORDER BY wardCode", (CITY,)).fetchall()
    city = {
        "code": CITY, "name": clean(rows[0]["province"]), "type": "PROVINCE", "valid_from": MERGER,
        "agency_code": "H29", **point(rows[0]["provinceLat"], rows[0]["provinceLon"]), "source": "merger",
    }  # fmt: skip
    return [city] + [
        {
            "code": row["wardCode"], "name": clean(row["ward"]), "type": TYPES[row["wardType"]], "parent": CITY,
            "valid_from": MERGER, "agency_code": f"H29.{row['wardCode']}", **point(row["wardLat"], row["wardLon"]),
            "area_km2": f"{row['wardAreaKm2'] or ''}", "source": "merger",
        }
        for row in rows
    ]  # fmt: skip


def former(database: sqlite3.Connection, successors: dict[str, list[str]]) -> list[Row]:
    """Return the provinces, districts and wards that ended with the merger."""
    provinces = (CITY, *MERGED_PROVINCES)
    rows = database.execute(
        "SELECT * FROM admin_units_legacy WHERE provinceCode IN (?, ?, ?) "
        "ORDER BY provinceCode, districtCode, wardCode",
        provinces,
    ).fetchall()
    agency = {CITY: "H29", "74": "H09", "77": "H06"}
    ended = {"valid_from": SNAPSHOT, "valid_to": LAST_OLD_DAY, "source": "snapshot"}
    result: dict[tuple[int, str], Row] = {}
    for row in rows:
        province, district = row["provinceCode"], row["districtCode"]
        result[0, province] = {
            "code": province, "name": clean(row["province"]), "type": "PROVINCE", **ended, "successors": CITY,
            "agency_code": agency[province], **point(row["provinceLat"], row["provinceLon"]),
        }  # fmt: skip
        district_row = result.setdefault((1, district), {
            "code": district, "name": clean(row["district"]), "type": TYPES[row["districtType"]], "parent": province,
            **ended, "successors": "", **point(row["districtLat"], row["districtLon"]),
        })  # fmt: skip
        key = f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}"
        heirs = successors[key]
        known = set(filter(None, district_row["successors"].split(" ")))
        district_row["successors"] = " ".join(sorted(known | set(heirs)))
        if district == CON_DAO_DISTRICT:
            continue
        type_ = "WARD" if row["wardCode"] in WARDS_TYPED_AS_COMMUNES else TYPES[row["wardType"]]
        name = clean(row["ward"])
        if row["wardCode"] in WARDS_TYPED_AS_COMMUNES:
            name = name.replace("Xã", "Phường")
        result[2, row["wardCode"]] = {
            "code": row["wardCode"], "name": name, "type": type_, "parent": district, **ended,
            "successors": " ".join(heirs), **point(row["wardLat"], row["wardLon"]),
        }  # fmt: skip
    return [result[key] for key in sorted(result)]


def main() -> None:
    """Write the file next to this script."""
    data = files("vietnamadminunits") / "data"
    database = sqlite3.connect(f"file:{data / 'dataset.db'}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    converter = json.loads((data / "converter_2025.json").read_text(encoding="utf-8"))
    city = database.execute("SELECT * FROM admin_units WHERE provinceCode = ?", (CITY,)).fetchall()
    codes = {row["wardKey"]: row["wardCode"] for row in city}
    successors = successors_of(converter, codes, city[0]["provinceKey"])
    target = Path(__file__).with_name("units.csv")
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(former(database, successors))
        writer.writerows(current(database))
    sys.stdout.write(f"wrote {target}\n")


if __name__ == "__main__":
    main()
