#!/usr/bin/env bash
# A batch in capital letters swallows the serial number behind it when the code on the pack is read in a page.
#
# GS1's QR codes put (01) the article, (10) the batch and (21) the serial number into one text; a batch has no fixed length, so a
# control character (GS) ends it. In QR's mode for capitals and digits there is no such character: the standard (ISO/IEC 18004)
# writes a percent sign for it and two for a percent sign, once the code begins with FNC1. Codes drawn by bwip-js 4.11.4 of
# (01)09506000134352(10)...(21)42, with the batch gold, GOLD and GO%LD; what is read behind the article:
#
#                                            gold            GOLD            GO%LD
#   Python zxing-cpp 3.1.1, plain text       10gold<GS>2142  10GOLD<GS>2142  10GO%LD<GS>2142
#   Java zxing core 3.5.4                    10gold<GS>2142  10GOLD<GS>2142  10GO%LD<GS>2142
#   Go gozxing 0.1.1                         10gold<GS>2142  10GOLD<GS>2142  10GO%LD<GS>2142
#   JavaScript @undecaf/zbar-wasm 0.11.0     10gold<GS>2142  10GOLD<GS>2142  10GO%LD<GS>2142
#   JavaScript jsqr 1.4.0                    10gold<GS>2142  10GOLD%2142     10GO%%LD%2142
#
# jsQR reads on without an error, "GOLD%2142" is a batch that GS1 allows, and every pack of a batch becomes the same thing with
# no serial number, or the scan earns no points. A test with small letters passes. zxing-cpp has a surprise of its own:
# unless it is asked for plain text, it answers (01)09506000134352(10)GOLD(21)42. Read such codes with a library that tells the
# kind of code (]Q3), and take a percent sign in a batch for a warning.
#
# Needs Python 3.10 or later, Go, Node.js, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOMODCACHE="$folder/gomod" GOFLAGS=-modcacherw

npm install --silent --no-audit --no-fund --no-save --prefix . bwip-js@4.11.4 jsqr@1.4.0 pngjs@7.0.0 @undecaf/zbar-wasm@0.11.0 >/dev/null
cat >draw.mjs <<'JS'
import { writeFileSync } from "node:fs";
import bwip from "bwip-js";
for (const [number, batch] of ["gold", "GOLD", "GO%LD"].entries()) {
  const text = `(01)09506000134352(10)${batch}(21)42`;
  writeFileSync(`${number}.png`, await bwip.toBuffer({ bcid: "gs1qrcode", text, scale: 4, padding: 10, backgroundcolor: "FFFFFF" }));
}
JS
cat >read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { scanRGBABuffer } from "@undecaf/zbar-wasm";
import jsQR from "jsqr";
import png from "pngjs";
for (const number of [0, 1, 2]) {
  const { data, width, height } = png.PNG.sync.read(readFileSync(`${number}.png`));
  const [symbol] = await scanRGBABuffer(new Uint8Array(data).buffer, width, height);
  console.log("zbar-wasm", symbol.decode().replace("\x1d", "<GS>"));
  console.log("jsqr", jsQR(new Uint8ClampedArray(data), width, height).data.replace("\x1d", "<GS>"));
}
JS

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check zxing-cpp==3.1.1 pillow==12.0.0
cat >read.py <<'PY'
import PIL.Image, zxingcpp
for number in range(3):
    picture = PIL.Image.open(f"{number}.png").convert("RGB")
    plain, = zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)
    usual, = zxingcpp.read_barcodes(picture)
    print("zxing-cpp", plain.text.replace("\x1d", "<GS>"), plain.symbology_identifier, usual.text)
PY

mkdir go && cat >go/go.mod <<'MOD'
module finding

go 1.24

require github.com/makiuchi-d/gozxing v0.1.1
MOD
cat >go/main.go <<'GO'
package main

import (
	"fmt"
	"image/png"
	"os"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	for number := range 3 {
		file, err := os.Open(fmt.Sprintf("%d.png", number))
		must(err)
		picture, err := png.Decode(file)
		must(err)
		bits, err := gozxing.NewBinaryBitmapFromImage(picture)
		must(err)
		code, err := qrcode.NewQRCodeReader().Decode(bits, nil)
		must(err)
		fmt.Println("gozxing", strings.Replace(code.GetText(), "\x1d", "<GS>", 1))
	}
}
GO
(cd go && go mod tidy 2>/dev/null && go build -o ../read-go .)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.google.zxing</groupId><artifactId>core</artifactId><version>3.5.4</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Read.java <<'JAVA'
import com.google.zxing.*;
import com.google.zxing.common.HybridBinarizer;
import java.io.File;
import javax.imageio.ImageIO;

class Read {
    public static void main(String[] arguments) throws Exception {
        for (int number = 0; number < 3; number++) {
            var picture = ImageIO.read(new File(number + ".png"));
            int width = picture.getWidth(), height = picture.getHeight();
            var source = new RGBLuminanceSource(width, height, picture.getRGB(0, 0, width, height, null, 0, width));
            Result code = new MultiFormatReader().decode(new BinaryBitmap(new HybridBinarizer(source)));
            System.out.println("zxing " + code.getText().replace("\u001d", "<GS>"));
        }
    }
}
JAVA

node draw.mjs
seen=$({ venv/bin/python read.py; java -Djava.awt.headless=true -cp 'jars/*' Read.java; ./read-go; node read.mjs; } | sort -s -k1,1)
echo "$seen"
[ "$seen" = "gozxing 010950600013435210gold<GS>2142
gozxing 010950600013435210GOLD<GS>2142
gozxing 010950600013435210GO%LD<GS>2142
jsqr 010950600013435210gold<GS>2142
jsqr 010950600013435210GOLD%2142
jsqr 010950600013435210GO%%LD%2142
zbar-wasm 010950600013435210gold<GS>2142
zbar-wasm 010950600013435210GOLD<GS>2142
zbar-wasm 010950600013435210GO%LD<GS>2142
zxing 010950600013435210gold<GS>2142
zxing 010950600013435210GOLD<GS>2142
zxing 010950600013435210GO%LD<GS>2142
zxing-cpp 010950600013435210gold<GS>2142 ]Q3 (01)09506000134352(10)gold(21)42
zxing-cpp 010950600013435210GOLD<GS>2142 ]Q3 (01)09506000134352(10)GOLD(21)42
zxing-cpp 010950600013435210GO%LD<GS>2142 ]Q3 (01)09506000134352(10)GO%LD(21)42" ]
echo "as described"
