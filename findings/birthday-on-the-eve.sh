#!/usr/bin/env bash
# Who was born on the last day of a Chinese year has no birthday from 2025 to 2029: an error, the next day, or a day in 3 BC.
#
# A lunar birthday is kept as month and day, since it falls on another date each year. The thirtieth of the twelfth month is the
# eve of the New Year, and the five lunar years 2024 to 2028 end on the twenty-ninth; a birthday in the leap fourth month of 2020
# comes back in 2058. What a library makes of the lunar dates 2023-12-30 (which is there), 2025-12-30 and 2025, leap 4-10:
#
#                                                   2023-12-30   2025-12-30                       2025, leap 4-10
#   Python lunar_python 1.4.8, lunardate 0.3.0,
#     zhdate 0.1, borax 4.1.3                       2024-02-09   refused                          refused
#   JavaScript lunar-javascript 1.7.7               2024-02-09   refused                          refused
#   Python sxtwl 2.0.7                              2024-02-09   2026-02-17, the New Year itself  2025-05-07, in the plain month
#   Java icu4j 78.2                                 2024-02-09   2026-02-17                       2025-06-05, in the next month
#   Java hutool-core 5.8.41                         2024-02-09   0003-10-30, of 3 BC, no error    2025-05-07
#
# So the same list of members loses these, greets them a day late, or has a date that no due list ever reaches, by the library of
# the service that computes it; a test with other birthdays, or in 2023, passes in all. Decide what becomes of a day that a year
# lacks (the twenty-ninth, as families do), ask the length of the month first, and convert only dates that are there.
#
# Needs Python 3, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check lunar_python==1.4.8 sxtwl==2.0.7 lunardate==0.3.0 zhdate==0.1 borax==4.1.3
cat >ask.py <<'PY'
import datetime
import sxtwl
from borax.calendars.lunardate import LunarDate as Borax
from lunar_python import Lunar
from lunardate import LunarDate
from zhdate import ZhDate

def by_sxtwl(year, month, day, leap):
    solar = sxtwl.fromLunar(year, month, day, leap)
    return datetime.date(solar.getSolarYear(), solar.getSolarMonth(), solar.getSolarDay())

libraries = {
    "lunar_python": lambda year, month, day, leap: Lunar.fromYmd(year, -month if leap else month, day).getSolar().toYmd(),
    "lunardate": lambda year, month, day, leap: LunarDate(year, month, day, leap).to_solar_date(),
    "zhdate": lambda year, month, day, leap: ZhDate(year, month, day, leap).to_datetime().date(),
    "borax": lambda year, month, day, leap: Borax(year, month, day, int(leap)).to_solar_date(),
    "sxtwl": by_sxtwl,
}
for name, convert in libraries.items():
    print(name, end=":")
    for date in ((2023, 12, 30, False), (2025, 12, 30, False), (2025, 4, 10, True)):
        try:
            print("", convert(*date), end="")
        except Exception:
            print(" refused", end="")
    print()
PY

npm install --silent --no-audit --no-fund --no-save --prefix . lunar-javascript@1.7.7 >/dev/null
cat >ask.cjs <<'JS'
const { Lunar } = require("lunar-javascript");
const seen = [[2023, 12, 30], [2025, 12, 30], [2025, -4, 10]].map((date) => {
  try { return Lunar.fromYmd(...date).getSolar().toYmd(); } catch { return "refused"; }
});
console.log("lunar-javascript:", ...seen);
JS

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.ibm.icu</groupId><artifactId>icu4j</artifactId><version>78.2</version></dependency>
    <dependency><groupId>cn.hutool</groupId><artifactId>hutool-core</artifactId><version>5.8.41</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Ask.java <<'JAVA'
import cn.hutool.core.date.*;
import com.ibm.icu.util.ChineseCalendar;
import com.ibm.icu.util.ULocale;
import java.time.*;

class Ask {
    static String icu(int year, int month, int day, boolean leap) {
        ChineseCalendar calendar = new ChineseCalendar(com.ibm.icu.util.TimeZone.getTimeZone("Asia/Shanghai"), ULocale.CHINA);
        calendar.setTimeInMillis(LocalDate.of(year, 7, 1).atTime(12, 0).toInstant(ZoneOffset.ofHours(8)).toEpochMilli());
        calendar.set(ChineseCalendar.DATE, 1);
        calendar.set(ChineseCalendar.MONTH, month - 1);
        calendar.set(ChineseCalendar.IS_LEAP_MONTH, leap ? 1 : 0);
        calendar.set(ChineseCalendar.DATE, day);
        return Instant.ofEpochMilli(calendar.getTimeInMillis()).atZone(ZoneOffset.ofHours(8)).toLocalDate().toString();
    }

    static String hutool(int year, int month, int day, boolean leap) {
        ChineseDate date = new ChineseDate(year, month, day, leap);
        return DateUtil.format(date.getGregorianDate(), "yyyy-MM-dd") + (date.getGregorianYear() < 0 ? ", year " + date.getGregorianYear() : "");
    }

    public static void main(String[] none) {
        System.out.println("icu4j: " + icu(2023, 12, 30, false) + " " + icu(2025, 12, 30, false) + " " + icu(2025, 4, 10, true));
        System.out.println("hutool: " + hutool(2023, 12, 30, false) + " " + hutool(2025, 12, 30, false) + " " + hutool(2025, 4, 10, true));
        StringBuilder years = new StringBuilder("twelfth months of 30 days:");
        for (int year = 2023; year <= 2030; year++) if (hutool(year, 12, 30, false).startsWith("20")) years.append(" " + year);
        System.out.println(years);
    }
}
JAVA

seen=$(venv/bin/python -W ignore ask.py; node ask.cjs; java -Duser.timezone=Asia/Shanghai -cp 'jars/*' Ask.java)
echo "$seen"
[ "$seen" = "lunar_python: 2024-02-09 refused refused
lunardate: 2024-02-09 refused refused
zhdate: 2024-02-09 refused refused
borax: 2024-02-09 refused refused
sxtwl: 2024-02-09 2026-02-17 2025-05-07
lunar-javascript: 2024-02-09 refused refused
icu4j: 2024-02-09 2026-02-17 2025-06-05
hutool: 2024-02-09 0003-10-30, year -1 2025-05-07
twelfth months of 30 days: 2023 2029" ]
echo "as described"
