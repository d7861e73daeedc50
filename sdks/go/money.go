package quanyu

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	typev1 "quanyu.dev/quanyu/type/v1"
)

// The currencies that do not have two decimals, by ISO 4217.
var decimalsOf = map[string]int{}

func init() {
	for decimals, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for code := range strings.FieldsSeq(codes) {
			decimalsOf[code] = decimals
		}
	}
}

var (
	currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)
	amountText   = regexp.MustCompile(`^([0-9]+)(?:\.([0-9]+))?$`)
)

// Decimals says how many decimals amounts of a currency have: 2 of CNY, 0 of JPY, 3 of KWD.
func Decimals(currency string) (int, error) {
	if !currencyCode.MatchString(currency) {
		return 0, fmt.Errorf("quanyu: %q is no ISO 4217 code: give three capital letters such as CNY", currency)
	}
	if decimals, has := decimalsOf[currency]; has {
		return decimals, nil
	}
	return 2, nil
}

// ParseMoney gives an amount from its text: that of "19.99" and "CNY" is of 1999 minor units. Exact, never by way of a
// float. Fails where the text is no plain number of 0 or more, is finer than the currency, or is too large.
func ParseMoney(text, currency string) (*typev1.Money, error) {
	decimals, err := Decimals(currency)
	if err != nil {
		return nil, err
	}
	found := amountText.FindStringSubmatch(text)
	if found == nil {
		return nil, fmt.Errorf("quanyu: %q is no amount: write digits, and decimals behind a point, such as 19.99", text)
	}
	whole, fraction := found[1], found[2]
	if len(fraction) > decimals {
		return nil, fmt.Errorf("quanyu: %q is finer than %s, which has %d decimals", text, currency, decimals)
	}
	minorUnits, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("quanyu: %q %s is more than any amount may be", text, currency)
	}
	return &typev1.Money{CurrencyCode: currency, MinorUnits: minorUnits}, nil
}

// FormatMoney gives the amount as people write it, with all decimals of its currency: "19.99".
func FormatMoney(amount *typev1.Money) (string, error) {
	decimals, err := Decimals(amount.GetCurrencyCode())
	if err != nil {
		return "", err
	}
	digits, negative := strings.CutPrefix(strconv.FormatInt(amount.GetMinorUnits(), 10), "-")
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if decimals > 0 {
		point := len(digits) - decimals
		digits = digits[:point] + "." + digits[point:]
	}
	if negative {
		digits = "-" + digits
	}
	return digits, nil
}
