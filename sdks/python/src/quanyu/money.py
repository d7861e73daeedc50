"""Amounts of money from text and to text, exact: never by way of a float."""

import re

from quanyu.type import Money

# The currencies that do not have two decimals, by ISO 4217.
DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
MINOR_UNITS_MAX = 2**63 - 1


def decimals(currency_code: str) -> int:
    """How many decimals amounts of a currency have: 2 of CNY, 0 of JPY, 3 of KWD."""
    if not re.fullmatch("[A-Z]{3}", currency_code):
        raise ValueError(f"{currency_code} is no ISO 4217 code: give three capital letters such as CNY")
    return DECIMALS.get(currency_code, 2)


def money(text: str, currency_code: str) -> Money:
    """An amount from its text: money("19.99", "CNY") is of 1999 minor units.

    Raises ValueError where the text is no plain number of 0 or more, is finer than the currency, or is too large.
    """
    places = decimals(currency_code)
    found = re.fullmatch(r"([0-9]{1,32})(?:\.([0-9]+))?", text)
    if not found:
        raise ValueError(f"{text} is no amount: write digits, and decimals behind a point, such as 19.99")
    whole, fraction = found[1], found[2] or ""
    if len(fraction) > places:
        raise ValueError(f"{text} is finer than {currency_code}, which has {places} decimals")
    minor_units = int(whole + fraction.ljust(places, "0"))
    if minor_units > MINOR_UNITS_MAX:
        raise ValueError(f"{text} {currency_code} is more than any amount may be")
    return Money(currency_code=currency_code, minor_units=minor_units)


def money_text(amount: Money) -> str:
    """The amount as people write it, with all decimals of its currency: "19.99"."""
    places = decimals(amount.currency_code)
    sign = "-" if amount.minor_units < 0 else ""
    digits = str(abs(amount.minor_units)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)
