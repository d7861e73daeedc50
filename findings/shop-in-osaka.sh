#!/usr/bin/env bash
# The nearest shop, converted for a Chinese map: one in Osaka moves by half a kilometre or stays, one in New York by three.
#
# Maps of the mainland shift coordinates (GCJ-02), and one converts from what a phone measures (WGS 84). Outside of it nothing is
# shifted, and each library has a test for that, a rectangle of its own, which the third brings and does not ask. Metres by
# which a place moves in npm gcoord 1.0.7, npm coordtransform 2.1.2 and Java hutool-core 5.8.41 (CoordinateUtil.wgs84ToGcj02):
#
#                 gcoord   coordtransform   hutool   hutool's outOfChina
#   Shanghai      482      482              482      no
#   Seoul         460      460              460      no
#   Bangkok       183      183              183      no
#   Osaka         542      0                542      no
#   Singapore     167      0                167      no
#   Tokyo         0        0                378      yes
#   New York      0        0                3264     yes
#
# So two services that both "convert to GCJ-02" disagree by half a kilometre about Osaka, and all three agree on a wrong place
# for Seoul, whose maps are not shifted. A test with places on the mainland finds nothing. Keep WGS 84 and the country of a
# shop, and convert by the country, for the map that shows it.
#
# Needs Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >places <<'TEXT'
Shanghai 121.4737 31.2304
Seoul 126.9779 37.5665
Bangkok 100.5018 13.7563
Osaka 135.5023 34.6937
Singapore 103.8198 1.3521
Tokyo 139.6917 35.6895
NewYork -74.0060 40.7128
TEXT
npm install --silent --no-audit --no-fund --no-save --prefix . gcoord@1.0.7 coordtransform@2.1.2 >/dev/null
cat >convert.cjs <<'JS'
const gcoord = require("gcoord");
const coordtransform = require("coordtransform");
const lines = require("fs").readFileSync("places", "utf8").trim().split("\n").map((line) => line.split(" "));
for (const [name, convert] of [
  ["gcoord", (lon, lat) => gcoord.transform([lon, lat], gcoord.WGS84, gcoord.GCJ02)],
  ["coordtransform", (lon, lat) => coordtransform.wgs84togcj02(lon, lat)],
]) {
  for (const [place, lon, lat] of lines) console.log(name, place, lon, lat, ...convert(+lon, +lat));
}
JS
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>cn.hutool</groupId><artifactId>hutool-core</artifactId><version>5.8.41</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Convert.java <<'JAVA'
import cn.hutool.core.util.CoordinateUtil;
import java.nio.file.*;

class Convert {
    public static void main(String[] none) throws Exception {
        for (String line : Files.readAllLines(Path.of("places"))) {
            String[] place = line.split(" ");
            double lon = Double.parseDouble(place[1]), lat = Double.parseDouble(place[2]);
            var moved = CoordinateUtil.wgs84ToGcj02(lon, lat);
            System.out.println("hutool " + line + " " + moved.getLng() + " " + moved.getLat()
                + (CoordinateUtil.outOfChina(lon, lat) ? " outside" : " inside"));
        }
    }
}
JAVA
seen=$( (node convert.cjs; java -cp 'jars/*' Convert.java) | awk '{ y = ($6 - $4) * 111320; x = ($5 - $3) * 111320 * cos($4 * 3.14159265 / 180); print $1, $2, sprintf("%.0f", sqrt(x * x + y * y)) ($7 ? ", " $7 : "") }')
echo "$seen"
[ "$seen" = "gcoord Shanghai 482
gcoord Seoul 460
gcoord Bangkok 183
gcoord Osaka 542
gcoord Singapore 167
gcoord Tokyo 0
gcoord NewYork 0
coordtransform Shanghai 482
coordtransform Seoul 460
coordtransform Bangkok 183
coordtransform Osaka 0
coordtransform Singapore 0
coordtransform Tokyo 0
coordtransform NewYork 0
hutool Shanghai 482, inside
hutool Seoul 460, inside
hutool Bangkok 183, inside
hutool Osaka 542, inside
hutool Singapore 167, inside
hutool Tokyo 378, outside
hutool NewYork 3264, outside" ]
echo "as described"
