package quanyu

import (
	"math"
	"os"
	"regexp"
	"testing"

	typev1 "quanyu.dev/quanyu/type/v1"
)

func TestAnAmountIsExactInBothDirections(t *testing.T) {
	for _, one := range []struct {
		text, currency string
		minorUnits     int64
	}{
		{"19.99", "CNY", 1999},
		{"0.00", "CNY", 0},
		{"0.07", "CNY", 7},
		{"1999", "JPY", 1999},
		{"1.999", "KWD", 1999},
		{"1.0001", "CLF", 10001},
		{"92233720368547758.07", "CNY", math.MaxInt64},
	} {
		parsed, err := ParseMoney(one.text, one.currency)
		if err != nil || parsed.GetMinorUnits() != one.minorUnits || parsed.GetCurrencyCode() != one.currency {
			t.Error(one, parsed, err)
		}
		if text, err := FormatMoney(parsed); err != nil || text != one.text {
			t.Error(one, text, err)
		}
	}
	for text, minorUnits := range map[string]int64{"19.9": 1990, "19": 1900, "000019": 1900} {
		if parsed, err := ParseMoney(text, "CNY"); err != nil || parsed.GetMinorUnits() != minorUnits {
			t.Error(text, parsed, err)
		}
	}
	for minorUnits, text := range map[int64]string{-5: "-0.05", math.MinInt64: "-92233720368547758.08"} {
		if found, err := FormatMoney(&typev1.Money{CurrencyCode: "CNY", MinorUnits: minorUnits}); err != nil || found != text {
			t.Error(found, err)
		}
	}
}

func TestWhatIsNoExactAmountIsRefused(t *testing.T) {
	for _, text := range []string{"", ".5", "5.", "-1", "+1", "1e3", "1,000", " 1", "1\n", "1.999", "٣", "92233720368547758.08", "0x10"} {
		if parsed, err := ParseMoney(text, "CNY"); err == nil {
			t.Errorf("%q is %v", text, parsed)
		}
	}
	if parsed, err := ParseMoney("1.5", "JPY"); err == nil {
		t.Error(parsed)
	}
	for _, code := range []string{"", "cny", "RMBS", "元"} {
		if parsed, err := ParseMoney("1", code); err == nil {
			t.Error(parsed)
		}
		if text, err := FormatMoney(&typev1.Money{CurrencyCode: code}); err == nil {
			t.Error(text)
		}
	}
}

func TestCurrenciesHaveTheDecimalsThatThePlatformGivesThem(t *testing.T) {
	kernel, err := os.ReadFile("../../libs/kernel/src/currency.rs")
	if err != nil {
		t.Skip("the platform's code is not here")
	}
	for name, decimals := range map[string]int{"NO_DECIMALS": 0, "TWO_DECIMALS": 2, "THREE_DECIMALS": 3, "FOUR_DECIMALS": 4} {
		list := regexp.MustCompile(`const ` + name + `: &str = "([^"]*)"`).FindSubmatch(kernel)
		codes := regexp.MustCompile(`[A-Z]{3}`).FindAll(list[1], -1)
		if len(codes) < 2 {
			t.Error(name, codes)
		}
		for _, code := range codes {
			if found, err := Decimals(string(code)); err != nil || found != decimals {
				t.Error(string(code), found, err)
			}
		}
	}
}
