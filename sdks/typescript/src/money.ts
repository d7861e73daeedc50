import { create } from "@bufbuild/protobuf";

import { MoneySchema } from "./contracts/quanyu/type/v1/money_pb.js";
import type { Money } from "./contracts/quanyu/type/v1/money_pb.js";

/** The currencies that do not have two decimals, by ISO 4217. */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...words("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", 0),
  ...words("BHD IQD JOD KWD LYD OMR TND", 3),
  ...words("CLF UYW", 4),
]);
const MINOR_UNITS_MAX = 2n ** 63n - 1n;

function words(codes: string, decimals: number): [string, number][] {
  return codes.split(" ").map((code) => [code, decimals]);
}

/** How many decimals amounts of a currency have: 2 of CNY, 0 of JPY, 3 of KWD. */
export function decimals(currencyCode: string): number {
  if (!/^[A-Z]{3}$/.test(currencyCode)) {
    throw new RangeError(`${currencyCode} is no ISO 4217 code: give three capital letters such as CNY`);
  }
  return DECIMALS.get(currencyCode) ?? 2;
}

/**
 * An amount of money from its text: money("19.99", "CNY") is of 1999 minor units. Exact, never by way of a float. Throws a
 * RangeError where the text is no plain number of 0 or more, is finer than the currency, or is too large.
 */
export function money(text: string, currencyCode: string): Money {
  const places = decimals(currencyCode);
  const [, whole, fraction = ""] = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text) ?? [];
  if (whole === undefined) {
    throw new RangeError(`${text} is no amount: write digits, and decimals behind a point, such as 19.99`);
  }
  if (fraction.length > places) {
    throw new RangeError(`${text} is finer than ${currencyCode}, which has ${places} decimals`);
  }
  const minorUnits = BigInt(whole + fraction.padEnd(places, "0"));
  if (minorUnits > MINOR_UNITS_MAX) {
    throw new RangeError(`${text} ${currencyCode} is more than any amount may be`);
  }
  return create(MoneySchema, { currencyCode, minorUnits });
}

/** The amount as people write it, with all decimals of its currency: "19.99". */
export function moneyText(money: Pick<Money, "currencyCode" | "minorUnits">): string {
  const places = decimals(money.currencyCode);
  const sign = money.minorUnits < 0n ? "-" : "";
  const digits = money.minorUnits.toString().replace("-", "").padStart(places + 1, "0");
  const point = digits.length - places;
  return sign + digits.slice(0, point) + (places > 0 ? `.${digits.slice(point)}` : "");
}
