#!/usr/bin/env bash
# The number on the residence permit of somebody from Hong Kong, Macau or Taiwan is no Chinese number to one library of four.
#
# Since 2018 residents from there who live on the mainland get a permit whose number is formed as a citizen's (GB 11643), with
# 810000, 820000 or 830000 for the place, so that it works wherever an identity card does. Since the end of 2023 the permit of a
# foreigner has 18 digits of the same check too: a 9, two digits for where it was applied for, three for the country. Numbers
# made for this test, "is it valid?":
#
#                                                      citizen   Hong Kong   Macau    Taiwan   foreigner
#   Python python-stdnum 2.2       stdnum.cn.ric       yes       no          no       no       no
#   Python id-validator 1.0.20                         yes       yes         yes      yes      no
#   JavaScript id-validator 1.3.0                      yes       yes         yes      yes      yes
#   Java hutool-core 5.8.41        IdcardUtil          yes       yes         yes      yes      yes
#
# The check digit is right in all of them: what differs is a table of places, as old as the library. Those who are turned away
# cannot prove who they are to a shop that must ask, and a test with a number from the mainland never finds it. Let the date and
# the check digit decide; a place that is unknown is a remark, not a refusal.
#
# Needs Python 3, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check python-stdnum==2.2 id-validator==1.0.20
cat >made.py <<'PY'
weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
for place in ("110101", "810000", "820000", "830000", "911124"):
    number = place + "19000101" + "001"
    print(number + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, weights)) % 11])
PY
python3 made.py >numbers
cat >ask.py <<'PY'
from id_validator import validator
from stdnum.cn import ric
numbers = open("numbers").read().split()
print("python-stdnum", *("yes" if ric.is_valid(number) else "no" for number in numbers))
print("Python id-validator", *("yes" if validator.is_valid(number) else "no" for number in numbers))
PY

npm install --silent --no-audit --no-fund --no-save --prefix . id-validator@1.3.0 >/dev/null
cat >ask.cjs <<'JS'
const Validator = require("id-validator");
const validator = new Validator();
const numbers = require("fs").readFileSync("numbers", "utf8").trim().split("\n");
console.log("JavaScript id-validator", ...numbers.map((number) => (validator.isValid(number) ? "yes" : "no")));
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
cat >Ask.java <<'JAVA'
import cn.hutool.core.util.IdcardUtil;
import java.nio.file.*;

class Ask {
    public static void main(String[] none) throws Exception {
        System.out.print("hutool");
        for (String number : Files.readAllLines(Path.of("numbers"))) System.out.print(IdcardUtil.isValidCard(number) ? " yes" : " no");
        System.out.println();
    }
}
JAVA

seen=$(venv/bin/python ask.py; node ask.cjs; java -cp 'jars/*' Ask.java)
echo "$seen"
[ "$seen" = "python-stdnum yes no no no no
Python id-validator yes yes yes yes no
JavaScript id-validator yes yes yes yes yes
hutool yes yes yes yes yes" ]
echo "as described"
