#!/usr/bin/env bash
# A segment of five members, saved as a Roaring bitmap in Python or Go, is an empty segment in Java, without an error.
#
# Sets of members travel between systems as Roaring bitmaps, whose format for 64 bits is specified, so that C, Go, Java, Python and
# Rust read each other. Java's Roaring64NavigableMap had a format before that, still has it under the plain names serialize and
# deserialize, and tells the two apart by nothing. The set {1, 2, 3, 2^33, 2^40}:
#
#   written by                                      Java deserialize()   Java deserializePortable()   Python   Go
#   Python pyroaring 1.2.0, BitMap64.serialize()    {}, no error         all five                     all      all
#   Go roaring/v2 2.30.0, roaring64 WriteTo()       {}, no error         all five                     all      all
#   Java RoaringBitmap 1.3.0, serialize()           all five                                          error
#   Java, serializePortable()                       {}, no error         all five                     all      all
#
# The old format begins with a sign of order and the number of parts, of which the bytes of the other happen to say none; what
# follows is left unread, which a stream does not mind (ids from 256 blocks of 2^32 would be noticed). A test within Java passes
# both ways. A campaign to nobody has no failures to alert on; one that excludes such a segment excludes nobody. Write and read
# portably on all sides, and send the count beside it.
#
# Needs Python 3, Go, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check pyroaring==1.2.0
cat >python.py <<'PY'
import sys
from pyroaring import BitMap64
if sys.argv[1] == "write":
    open("python.bin", "wb").write(BitMap64([1, 2, 3, 2**33, 2**40]).serialize())
for name in sys.argv[2:]:
    try:
        print("Python reads", name, *BitMap64.deserialize(open(name, "rb").read()))
    except ValueError as error:
        print("Python reads", name, error)
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.24

require github.com/RoaringBitmap/roaring/v2 v2.30.0
MOD
cat >go/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	if os.Args[1] == "write" {
		file, err := os.Create("go.bin")
		must(err)
		_, err = roaring64.BitmapOf(1, 2, 3, 1<<33, 1<<40).WriteTo(file)
		must(err)
		must(file.Close())
	}
	for _, name := range os.Args[2:] {
		file, err := os.Open(name)
		must(err)
		set := roaring64.New()
		_, err = set.ReadFrom(file)
		must(err)
		fmt.Println("Go reads", name, set)
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../roaring-go .)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.roaringbitmap</groupId><artifactId>RoaringBitmap</artifactId><version>1.3.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Java.java <<'JAVA'
import java.io.*;
import org.roaringbitmap.longlong.Roaring64NavigableMap;

class Java {
    public static void main(String[] arguments) throws Exception {
        Roaring64NavigableMap set = Roaring64NavigableMap.bitmapOf(1, 2, 3, 1L << 33, 1L << 40);
        try (DataOutputStream plain = new DataOutputStream(new FileOutputStream("java.bin"));
             DataOutputStream portable = new DataOutputStream(new FileOutputStream("java-portable.bin"))) {
            set.serialize(plain);
            set.serializePortable(portable);
        }
        for (String name : arguments) {
            Roaring64NavigableMap plain = new Roaring64NavigableMap(), portable = new Roaring64NavigableMap();
            try (DataInputStream file = new DataInputStream(new FileInputStream(name))) {
                plain.deserialize(file);
                System.out.println("Java reads " + name + " " + plain + ", unread bytes: " + (file.available() > 0));
            }
            if (name.equals("java.bin")) continue;
            try (DataInputStream file = new DataInputStream(new FileInputStream(name))) {
                portable.deserializePortable(file);
                System.out.println("Java reads " + name + " portably " + portable);
            }
        }
    }
}
JAVA

venv/bin/python python.py write
./roaring-go write
seen=$(java -cp 'jars/*' Java.java python.bin go.bin java.bin java-portable.bin
  venv/bin/python python.py read python.bin go.bin java.bin java-portable.bin
  ./roaring-go read python.bin go.bin java-portable.bin)
echo "$seen"
[ "$seen" = "Java reads python.bin {}, unread bytes: true
Java reads python.bin portably {1,2,3,8589934592,1099511627776}
Java reads go.bin {}, unread bytes: true
Java reads go.bin portably {1,2,3,8589934592,1099511627776}
Java reads java.bin {1,2,3,8589934592,1099511627776}, unread bytes: false
Java reads java-portable.bin {}, unread bytes: true
Java reads java-portable.bin portably {1,2,3,8589934592,1099511627776}
Python reads python.bin 1 2 3 8589934592 1099511627776
Python reads go.bin 1 2 3 8589934592 1099511627776
Python reads java.bin Could not deserialize bitmap
Python reads java-portable.bin 1 2 3 8589934592 1099511627776
Go reads python.bin {1,2,3,8589934592,1099511627776}
Go reads go.bin {1,2,3,8589934592,1099511627776}
Go reads java-portable.bin {1,2,3,8589934592,1099511627776}" ]
echo "as described"
