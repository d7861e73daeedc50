import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { decimals, money, moneyText } from "../src/money.js";

test("an amount is exact in both directions", () => {
  const amounts: [string, string, bigint][] = [
    ["19.99", "CNY", 1999n],
    ["0.00", "CNY", 0n],
    ["0.07", "CNY", 7n],
    ["1999", "JPY", 1999n],
    ["1.999", "KWD", 1999n],
    ["1.0001", "CLF", 10001n],
    ["92233720368547758.07", "CNY", 2n ** 63n - 1n],
  ];
  for (const [text, currencyCode, minorUnits] of amounts) {
    assert.equal(money(text, currencyCode).minorUnits, minorUnits);
    assert.equal(moneyText({ currencyCode, minorUnits }), text);
  }
  assert.equal(money("19.9", "CNY").minorUnits, 1990n);
  assert.equal(money("19", "CNY").minorUnits, 1900n);
  assert.equal(moneyText({ currencyCode: "CNY", minorUnits: -5n }), "-0.05");
});

test("what is no exact amount is refused", () => {
  for (const text of ["", ".5", "5.", "-1", "+1", "1e3", "1,000", " 1", "1.999", "٣", "92233720368547758.08", "0x10"]) {
    assert.throws(() => money(text, "CNY"), RangeError, text);
  }
  assert.throws(() => money("1.5", "JPY"), RangeError);
  for (const code of ["", "cny", "RMBS", "元"]) {
    assert.throws(() => money("1", code), RangeError, code);
  }
});

test("currencies have the decimals that the platform gives them", () => {
  const kernel = readFileSync(new URL("../../../../libs/kernel/src/currency.rs", import.meta.url), "utf8");
  const names = ["NO_DECIMALS", "", "TWO_DECIMALS", "THREE_DECIMALS", "FOUR_DECIMALS"];
  for (const [places, name] of names.entries()) {
    if (name !== "") {
      const codes = new RegExp(`const ${name}: &str = "([^"]*)"`).exec(kernel)![1]!.match(/[A-Z]{3}/g)!;
      assert.ok(codes.length > 1);
      for (const code of codes) {
        assert.equal(decimals(code), places, code);
      }
    }
  }
});
