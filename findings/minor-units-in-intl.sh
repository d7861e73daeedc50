#!/usr/bin/env bash
# A page that takes minor units from Intl is wrong by a hundred for rupiah and forint, by a thousand for Iraqi dinar.
#
# ECMA-402 says that the digits of a currency are those of ISO 4217. V8 asks ICU, which gives the digits that CLDR finds
# customary. Node.js 20 (ICU 78.2) and ISO 4217, which Java 17's java.util.Currency follows, differ in:
#
#          ISO 4217, Java   Intl in Node.js 20   Babel 2.18.0 (CLDR by another way)
#   IDR    2                0                    2
#   HUF    2                0                    2
#   COP    2                0                    2
#   PKR    2                0                    2
#   IQD    3                0                    0
#   RSD    2                2                    0
#
# so two readers of the same CLDR differ from each other as well: Babel answers for accounting, ICU for cash-like display.
# An amount in minor units has to bring its exponent from one table; maximumFractionDigits of resolvedOptions is not it.
#
# Needs Python 3, Node.js 20 or later with full ICU, Java 17.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

codes="IDR HUF COP PKR IQD RSD JPY KWD CNY"
cat >Digits.java <<'JAVA'
class Digits {
    public static void main(String[] codes) {
        for (String code : codes) System.out.print(" " + java.util.Currency.getInstance(code).getDefaultFractionDigits());
        System.out.println();
    }
}
JAVA
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check babel==2.18.0

seen="Java$(java Digits.java $codes)
Intl$(node -e '
    for (const currency of process.argv.slice(1)) {
      const format = new Intl.NumberFormat("en", { style: "currency", currency });
      process.stdout.write(" " + format.resolvedOptions().maximumFractionDigits);
    }' $codes)
Babel $(venv/bin/python -c '
import sys
from babel.numbers import get_currency_precision
print(*map(get_currency_precision, sys.argv[1:]))' $codes)"
echo "$codes"
echo "$seen"
[ "$seen" = "Java 2 2 2 2 3 2 0 3 2
Intl 0 0 0 0 0 2 0 3 2
Babel 2 2 2 2 0 0 0 3 2" ]
echo "as described"
