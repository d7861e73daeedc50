#!/usr/bin/env bash
# The Chinese New Year of 2027 is on 6 February, and a day later in every browser, phone and server that asks ICU.
#
# A birthday or a festival by the lunar calendar is one option away wherever ICU is: Intl with calendar "chinese" in Node.js and
# Chrome, ICU4J in Java and Android. The calendar is defined (GB/T 33661-2017): a month begins on the day of the new moon in
# Beijing. Those of February 2027 and 2030 fall ten minutes from midnight, at 23:56 on the 6th and at 00:07 on the 3rd; ICU computes
# the moon by a short series of its own, and finds each on the other day. For
#
#                                               2027-02-06   2027-02-20   2030-02-02   2030-02-03
#   Java icu4j 78.2                             12-30        1-14         1-1          1-2
#   JavaScript Intl, npm node 26.10.0           12-30        1-14         1-1          1-2
#   Java hutool-core 5.8.41                     1-1          1-15         12-30        1-1
#   JavaScript lunar-javascript 1.7.7           1-1          1-15         12-30        1-1
#   Python lunar_python 1.4.8, sxtwl 2.0.7,
#     lunardate 0.3.0, zhdate 0.1               1-1          1-15         12-30        1-1
#
# ICU agrees with them in 2026, and in most years of a test. In 2027 its festivals of the first month come a day late (the lanterns
# of the fifteenth on 21 February), and in 2030 it greets on the eve. Take a library with tables or a full theory of the moon, keep
# the lunar date itself as the fact, and let Intl print no lunar date.
#
# Needs Python 3, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check lunar_python==1.4.8 sxtwl==2.0.7 lunardate==0.3.0 zhdate==0.1
cat >ask.py <<'PY'
import datetime, sys
import sxtwl
from lunar_python import Solar
from lunardate import LunarDate
from zhdate import ZhDate
days = [datetime.datetime.strptime(text, "%Y-%m-%d") for text in sys.argv[1:]]

def show(name, lunar):
    print(name, *("{}-{}".format(*lunar(day)) for day in days))

def by_lunar_python(day):
    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    return lunar.getMonth(), lunar.getDay()

def by_sxtwl(day):
    lunar = sxtwl.fromSolar(day.year, day.month, day.day)
    return lunar.getLunarMonth(), lunar.getLunarDay()

def by_lunardate(day):
    lunar = LunarDate.from_solar_date(day.year, day.month, day.day)
    return lunar.month, lunar.day

def by_zhdate(day):
    lunar = ZhDate.from_datetime(day)
    return lunar.lunar_month, lunar.lunar_day

show("lunar_python", by_lunar_python)
show("sxtwl", by_sxtwl)
show("lunardate", by_lunardate)
show("zhdate", by_zhdate)
PY

npm install --silent --no-audit --no-fund --no-save --prefix . node@26.10.0 lunar-javascript@1.7.7 >/dev/null
cat >ask.cjs <<'JS'
const { Solar } = require("lunar-javascript");
const days = process.argv.slice(2);
const chinese = new Intl.DateTimeFormat("en-u-ca-chinese", { month: "numeric", day: "numeric", timeZone: "Asia/Shanghai" });
console.log("Intl", ...days.map((day) => chinese.format(new Date(`${day}T12:00:00+08:00`)).replace("/", "-")));
const lunar = (day) => Solar.fromYmd(...day.split("-").map(Number)).getLunar();
console.log("lunar-javascript", ...days.map((day) => `${lunar(day).getMonth()}-${lunar(day).getDay()}`));
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
import cn.hutool.core.date.ChineseDate;
import com.ibm.icu.util.Calendar;
import com.ibm.icu.util.ChineseCalendar;
import com.ibm.icu.util.TimeZone;
import com.ibm.icu.util.ULocale;
import java.time.*;

class Ask {
    public static void main(String[] days) {
        StringBuilder icu = new StringBuilder("icu4j"), hutool = new StringBuilder("hutool");
        for (String text : days) {
            LocalDate day = LocalDate.parse(text);
            ChineseCalendar calendar = new ChineseCalendar(TimeZone.getTimeZone("Asia/Shanghai"), ULocale.CHINA);
            calendar.setTimeInMillis(day.atTime(12, 0).toInstant(ZoneOffset.ofHours(8)).toEpochMilli());
            icu.append(" " + (calendar.get(Calendar.MONTH) + 1) + "-" + calendar.get(Calendar.DATE));
            ChineseDate lunar = new ChineseDate(day);
            hutool.append(" " + lunar.getMonth() + "-" + lunar.getDay());
        }
        System.out.println(icu + "\n" + hutool);
    }
}
JAVA

days="2026-02-17 2027-02-06 2027-02-20 2030-02-02 2030-02-03"
seen=$(java -cp 'jars/*' Ask.java $days; node_modules/.bin/node ask.cjs $days; venv/bin/python ask.py $days)
echo "$seen"
[ "$seen" = "icu4j 1-1 12-30 1-14 1-1 1-2
hutool 1-1 1-1 1-15 12-30 1-1
Intl 1-1 12-30 1-14 1-1 1-2
lunar-javascript 1-1 1-1 1-15 12-30 1-1
lunar_python 1-1 1-1 1-15 12-30 1-1
sxtwl 1-1 1-1 1-15 12-30 1-1
lunardate 1-1 1-1 1-15 12-30 1-1
zhdate 1-1 1-1 1-15 12-30 1-1" ]
echo "as described"
