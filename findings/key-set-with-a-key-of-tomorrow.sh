#!/usr/bin/env bash
# When an identity provider adds a key of a new kind, three Go libraries and one of three for Python lose the old one too.
#
# A JWK Set may hold keys that a reader does not know, and RFC 7517 (section 5) says that it should ignore those and use the
# others; that is how a provider brings a new algorithm in. A set with the RSA key that signs today (kid "today") and one of
# ML-DSA (kty AKP) or of the curve secp256k1 (RFC 8812) beside it, each of them valid; is "today" found?
#
#                                                     ML-DSA beside it     secp256k1 beside it
#   JavaScript jose 6.2.18                            found                found
#   Python PyJWT 2.15.1                               found                found
#   Python joserfc 1.8.0                              found                found
#   Java nimbus-jose-jwt 10.5                         found                found
#   Python Authlib 1.9.10 (authlib.jose)              KeyError('AKP')      found
#   Go github.com/lestrrat-go/jwx/v3 3.4.0            the set is refused   the set is refused
#   Go github.com/go-jose/go-jose/v4 4.1.9            the set is refused   the set is refused
#   Go github.com/MicahParks/jwkset 0.11.4            the set is refused   the set is refused
#
# No token changes, no client is deployed, and one language of several logs nobody in. jwx has an option to leave such keys out,
# which is off. Filter the set by kty and crv before such a library sees it, and keep the last set that could be read.
#
# Needs Python 3, Go, Node.js 20, Java 17 with Maven.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check pyjwt==2.15.1 joserfc==1.8.0 authlib==1.9.10 cryptography==50.0.2
cat >sets.mjs <<'JS'
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";

const key = (kind, options) => generateKeyPairSync(kind, options).publicKey.export({ format: "jwk" });
const today = { ...key("rsa", { modulusLength: 2048 }), kid: "today", use: "sig", alg: "RS256" };
const tomorrow = [
  // Every 1312 bytes are a public key of ML-DSA-44.
  { kty: "AKP", alg: "ML-DSA-44", pub: randomBytes(1312).toString("base64url"), kid: "tomorrow", use: "sig" },
  { ...key("ec", { namedCurve: "secp256k1" }), kid: "tomorrow", use: "sig", alg: "ES256K" },
];
writeFileSync("sets", tomorrow.map((other) => JSON.stringify({ keys: [today, other] }) + "\n").join(""));
JS
node sets.mjs

npm install --silent --no-audit --no-fund --no-save --prefix . jose@6.2.18 >/dev/null
cat >find.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createLocalJWKSet } from "jose";

for (const set of readFileSync("sets", "utf8").trim().split("\n")) {
  const found = await createLocalJWKSet(JSON.parse(set))({ alg: "RS256", kid: "today" }).then(() => "found", (error) => error.code);
  console.log("jose", found);
}
JS
cat >find.py <<'PY'
import json, warnings
warnings.simplefilter("ignore")
import authlib.jose, joserfc.jwk, jwt

for name, find in (
    ("PyJWT", lambda keys: jwt.PyJWKSet.from_dict(keys)["today"]),
    ("joserfc", lambda keys: joserfc.jwk.KeySet.import_key_set(keys).get_by_kid("today")),
    ("Authlib", lambda keys: authlib.jose.JsonWebKey.import_key_set(keys).find_by_kid("today")),
):
    for line in open("sets"):
        try:
            print(name, "found" if find(json.loads(line)) else "not found")
        except Exception as error:
            print(name, repr(error))
PY
mkdir go && cat >go/main.go <<'GO'
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/MicahParks/jwkset"
	"github.com/go-jose/go-jose/v4"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

func said(name string, err error) {
	if err != nil {
		fmt.Println(name, "refused")
		fmt.Fprintln(os.Stderr, " ", err)
	} else {
		fmt.Println(name, "taken")
	}
}

func main() {
	sets := bufio.NewScanner(os.Stdin)
	for sets.Scan() {
		_, err := jwk.Parse(sets.Bytes())
		said("jwx", err)
		said("go-jose", json.Unmarshal(sets.Bytes(), new(jose.JSONWebKeySet)))
		var keys jwkset.JWKSMarshal
		if err := json.Unmarshal(sets.Bytes(), &keys); err != nil {
			panic(err)
		}
		_, err = keys.ToStorage()
		said("jwkset", err)
	}
}
GO
(cd go && go mod init finding >/dev/null 2>&1 && go get github.com/MicahParks/jwkset@v0.11.4 github.com/go-jose/go-jose/v4@v4.1.9 github.com/lestrrat-go/jwx/v3@v3.4.0 >/dev/null 2>&1 && go mod tidy >/dev/null 2>&1 && go build -o ../find .)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>com.nimbusds</groupId><artifactId>nimbus-jose-jwt</artifactId><version>10.5</version></dependency>
  </dependencies>
</project>
XML
mvn -q dependency:copy-dependencies -DoutputDirectory=jars >/dev/null
cat >Find.java <<'JAVA'
import com.nimbusds.jose.jwk.JWKSet;
import java.nio.file.*;

class Find {
    public static void main(String[] none) throws Exception {
        for (String set : Files.readAllLines(Path.of("sets")))
            System.out.println("nimbus " + (JWKSet.parse(set).getKeyByKeyId("today") != null ? "found" : "not found"));
    }
}
JAVA
seen=$(node find.mjs; venv/bin/python find.py; java -cp 'jars/*' Find.java; ./find <sets)
echo "$seen"
[ "$seen" = "jose found
jose found
PyJWT found
PyJWT found
joserfc found
joserfc found
Authlib KeyError('AKP')
Authlib found
nimbus found
nimbus found
jwx refused
go-jose refused
jwkset refused
jwx refused
go-jose refused
jwkset refused" ]
echo "as described"
