"""Made-up people and organisations with well-formed numbers."""

from __future__ import annotations

from random import Random

SURNAMES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Huỳnh",
    "Hoàng",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
)
MIDDLE = {
    "male": ("Văn", "Hữu", "Đức", "Minh", "Quốc", "Công", "Thanh"),
    "female": ("Thị", "Ngọc", "Thị Thu", "Thị Kim", "Thanh", "Thị Bích"),
}
GIVEN = {
    "male": (
        "Hùng",
        "Dũng",
        "Khoa",
        "Long",
        "Nam",
        "Phúc",
        "Quân",
        "Sơn",
        "Tài",
        "Thắng",
        "Toàn",
        "Tuấn",
        "Việt",
        "Đạt",
    ),
    "female": (
        "Anh",
        "Châu",
        "Dung",
        "Hạnh",
        "Hoa",
        "Hương",
        "Lan",
        "Linh",
        "Mai",
        "Nga",
        "Oanh",
        "Thảo",
        "Trang",
        "Yến",
    ),
}
PROVINCES = ("079",) * 12 + ("001", "048", "056", "074", "075", "077", "080", "082", "087", "092")
"""Codes of birth registration; most people of the City were born in it."""

LENDERS = (
    "Ngân hàng TMCP Mẫu Phương Nam",
    "Ngân hàng TMCP Mẫu Sài Thành",
    "Ngân hàng TMCP Mẫu Cửu Long",
    "Quỹ tín dụng nhân dân Mẫu Đông Thành",
)
COMPANIES = ("Công ty TNHH Mẫu", "Công ty Cổ phần Mẫu", "Hợp tác xã Mẫu")
TRADES = ("Thương mại", "Dịch vụ", "Xây dựng", "Cơ khí", "Dệt may", "Thực phẩm", "In ấn")
TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
"""Weights of the check digit of a tax code (TT 105/2020/TT-BTC)."""


class People:
    """Draws people by lot; no number is drawn twice."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def person(self, random: Random, sex: str = "") -> tuple[str, str]:
        """Return a legal name and a 12-digit number: province, century and sex, year of birth, six digits."""
        sex = sex or random.choice(("male", "female"))
        name = f"{random.choice(SURNAMES)} {random.choice(MIDDLE[sex])} {random.choice(GIVEN[sex])}"
        while True:
            year = random.randint(1945, 2004)
            century = (0 if year < 2000 else 2) + (sex == "female")  # noqa: PLR2004 - NĐ 70/2024
            number = f"{random.choice(PROVINCES)}{century}{year % 100:02d}{random.randint(0, 999999):06d}"
            if number not in self._taken:
                self._taken.add(number)
                return name, number

    def organisation(self, random: Random) -> tuple[str, str]:
        """Return a name and a tax code with a right check digit."""
        name = " ".join(random.choice(words) for words in (COMPANIES, TRADES, GIVEN["male"], GIVEN["female"]))
        while True:
            head = f"03{random.randint(0, 9999999):07d}"
            check = 10 - sum(int(digit) * weight for digit, weight in zip(head, TAX_WEIGHTS, strict=True)) % 11
            if check < 10 and head not in self._taken:  # noqa: PLR2004 - such a number is never issued
                self._taken.add(head)
                return name, f"{head}{check}"
