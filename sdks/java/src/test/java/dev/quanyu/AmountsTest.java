package dev.quanyu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quanyu.type.v1.Money;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class AmountsTest {
    private static Money money(String currencyCode, long minorUnits) {
        return Money.newBuilder().setCurrencyCode(currencyCode).setMinorUnits(minorUnits).build();
    }

    @Test
    void anAmountIsExactInBothDirections() {
        var amounts = Map.of(
                "19.99", money("CNY", 1999), "0.00", money("CNY", 0), "0.07", money("CNY", 7), "1999", money("JPY", 1999),
                "1.999", money("KWD", 1999), "1.0001", money("CLF", 10001), "92233720368547758.07", money("CNY", Long.MAX_VALUE));
        amounts.forEach((text, amount) -> {
            assertEquals(amount, Amounts.parse(text, amount.getCurrencyCode()));
            assertEquals(text, Amounts.text(amount));
            assertEquals(new BigDecimal(text), Amounts.decimal(amount));
            assertEquals(amount, Amounts.of(new BigDecimal(text), amount.getCurrencyCode()));
        });
        assertEquals(1990, Amounts.parse("19.9", "CNY").getMinorUnits());
        assertEquals(1900, Amounts.parse("19", "CNY").getMinorUnits());
        assertEquals(1900, Amounts.of(new BigDecimal("19.000"), "CNY").getMinorUnits());
        assertEquals(200_000, Amounts.of(new BigDecimal("2E3"), "CNY").getMinorUnits());
        assertEquals("-0.05", Amounts.text(money("CNY", -5)));
        assertEquals("12345678900.00", Amounts.text(money("CNY", 1234567890000L)));
    }

    @Test
    void whatIsNoExactAmountIsRefused() {
        for (var text : List.of("", ".5", "5.", "-1", "+1", "1e3", "1,000", " 1", "1\n", "1.999", "1.990", "٣", "92233720368547758.08", "0x10")) {
            assertThrows(IllegalArgumentException.class, () -> Amounts.parse(text, "CNY"), text);
        }
        assertThrows(IllegalArgumentException.class, () -> Amounts.parse("1.5", "JPY"));
        assertThrows(IllegalArgumentException.class, () -> Amounts.of(new BigDecimal("-1"), "CNY"));
        for (var code : List.of("", "cny", "RMBS", "元")) {
            assertThrows(IllegalArgumentException.class, () -> Amounts.parse("1", code), code);
        }
    }

    @Test
    void currenciesHaveTheDecimalsThatThePlatformGivesThem() throws IOException {
        var kernel = Files.readString(Path.of("../../libs/kernel/src/currency.rs"));
        var lists = Map.of("NO_DECIMALS", 0, "TWO_DECIMALS", 2, "THREE_DECIMALS", 3, "FOUR_DECIMALS", 4);
        lists.forEach((name, decimals) -> {
            var list = Pattern.compile("const " + name + ": &str = \"([^\"]*)\"").matcher(kernel);
            assertTrue(list.find(), name);
            var codes = Pattern.compile("[A-Z]{3}").matcher(list.group(1)).results().map(found -> found.group()).toList();
            assertTrue(codes.size() > 1, name);
            codes.forEach(code -> assertEquals(decimals, Amounts.decimals(code), code));
        });
    }
}
