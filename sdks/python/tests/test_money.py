import pathlib
import re
import unittest

from quanyu import decimals, money, money_text
from quanyu.type import Money

CURRENCIES = pathlib.Path(__file__).resolve().parents[3] / "libs/kernel/src/currency.rs"


class MoneyTest(unittest.TestCase):
    def test_an_amount_is_exact_in_both_directions(self) -> None:
        amounts = [
            ("19.99", "CNY", 1999),
            ("0.00", "CNY", 0),
            ("0.07", "CNY", 7),
            ("1999", "JPY", 1999),
            ("1.999", "KWD", 1999),
            ("1.0001", "CLF", 10001),
            ("92233720368547758.07", "CNY", 2**63 - 1),
        ]
        for text, currency_code, minor_units in amounts:
            amount = Money(currency_code=currency_code, minor_units=minor_units)
            self.assertEqual(money(text, currency_code), amount)
            self.assertEqual(money_text(amount), text)
        self.assertEqual(money("19.9", "CNY").minor_units, 1990)
        self.assertEqual(money("19", "CNY").minor_units, 1900)
        self.assertEqual(money_text(Money(currency_code="CNY", minor_units=-5)), "-0.05")

    def test_what_is_no_exact_amount_is_refused(self) -> None:
        for text in ["", ".5", "5.", "-1", "+1", "1e3", "1,000", " 1", "1\n", "1.999", "٣", "92233720368547758.08", "0x10"]:
            with self.assertRaises(ValueError, msg=text):
                money(text, "CNY")
        with self.assertRaises(ValueError):
            money("1.5", "JPY")
        for code in ["", "cny", "RMBS", "元"]:
            with self.assertRaises(ValueError, msg=code):
                money("1", code)

    def test_currencies_have_the_decimals_that_the_platform_gives_them(self) -> None:
        kernel = CURRENCIES.read_text()
        for name, places in {"NO_DECIMALS": 0, "TWO_DECIMALS": 2, "THREE_DECIMALS": 3, "FOUR_DECIMALS": 4}.items():
            found = re.search(f'const {name}: &str = "([^"]*)"', kernel)
            assert found
            codes = re.findall("[A-Z]{3}", found[1])
            self.assertGreater(len(codes), 1)
            for code in codes:
                self.assertEqual(decimals(code), places, code)
