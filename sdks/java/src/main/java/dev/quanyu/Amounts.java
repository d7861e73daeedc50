package dev.quanyu;

import dev.quanyu.type.v1.Money;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Amounts of money from text and decimals and to them, exact: never by way of a float. */
public final class Amounts {
    /** The currencies that do not have two decimals, by ISO 4217. */
    private static final Map<String, Integer> DECIMALS = new HashMap<>();
    private static final Pattern CURRENCY_CODE = Pattern.compile("[A-Z]{3}");
    private static final Pattern AMOUNT = Pattern.compile("[0-9]{1,32}(\\.[0-9]{1,32})?");

    static {
        put(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF");
        put(3, "BHD IQD JOD KWD LYD OMR TND");
        put(4, "CLF UYW");
    }

    private Amounts() {}

    private static void put(int decimals, String codes) {
        for (var code : codes.split(" ")) {
            DECIMALS.put(code, decimals);
        }
    }

    /** How many decimals amounts of a currency have: 2 of CNY, 0 of JPY, 3 of KWD. */
    public static int decimals(String currencyCode) {
        if (!CURRENCY_CODE.matcher(currencyCode).matches()) {
            throw new IllegalArgumentException(currencyCode + " is no ISO 4217 code: give three capital letters such as CNY");
        }
        return DECIMALS.getOrDefault(currencyCode, 2);
    }

    /**
     * An amount from its text: {@code parse("19.99", "CNY")} is of 1999 minor units.
     *
     * @throws IllegalArgumentException where the text is no plain number of 0 or more, is finer than the currency, or too large
     */
    public static Money parse(String text, String currencyCode) {
        if (!AMOUNT.matcher(text).matches()) {
            throw new IllegalArgumentException(text + " is no amount: write digits, and decimals behind a point, such as 19.99");
        }
        var amount = new BigDecimal(text);
        if (amount.scale() > decimals(currencyCode)) {
            throw new IllegalArgumentException(finer(amount, currencyCode));
        }
        return of(amount, currencyCode);
    }

    /** An amount from a decimal of 0 or more, which is no finer than the currency. */
    public static Money of(BigDecimal amount, String currencyCode) {
        int decimals = decimals(currencyCode);
        if (amount.signum() < 0) {
            throw new IllegalArgumentException(amount + " is less than nothing");
        }
        if (amount.stripTrailingZeros().scale() > decimals) {
            throw new IllegalArgumentException(finer(amount, currencyCode));
        }
        try {
            long minorUnits = amount.movePointRight(decimals).longValueExact();
            return Money.newBuilder().setCurrencyCode(currencyCode).setMinorUnits(minorUnits).build();
        } catch (ArithmeticException tooLarge) {
            throw new IllegalArgumentException(amount + " " + currencyCode + " is more than any amount may be", tooLarge);
        }
    }

    private static String finer(BigDecimal amount, String currencyCode) {
        return amount + " is finer than " + currencyCode + ", which has " + decimals(currencyCode) + " decimals";
    }

    /** The amount as a decimal, with all decimals of its currency. */
    public static BigDecimal decimal(Money amount) {
        return BigDecimal.valueOf(amount.getMinorUnits(), decimals(amount.getCurrencyCode()));
    }

    /** The amount as people write it, with all decimals of its currency: "19.99". */
    public static String text(Money amount) {
        return decimal(amount).toPlainString();
    }
}
