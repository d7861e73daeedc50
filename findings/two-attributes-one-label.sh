#!/usr/bin/env bash
# The same counter is body_size_bytes_total in Go and body_size_total in Node.js, and one attribute too many there makes a page
# that Prometheus' parser does not read.
#
# OpenTelemetry says how its metrics are named in Prometheus: the unit goes into the name, a gauge of unit 1 is a ratio, and
# where two attributes become one label (member.tier of a new library, member_tier of an old one), a semicolon joins their
# values. A counter body.size of unit By and a gauge cache.hits of unit 1, each with both attributes, in the exporters of
#
#   Go exporters/prometheus 0.69.0            body_size_bytes_total   cache_hits_ratio   member_tier="gold;old"
#   Python opentelemetry-exporter-prometheus
#     0.66b2                                  body_size_bytes_total   cache_hits         member_tier="old"
#   JavaScript @opentelemetry/exporter-
#     prometheus 0.223.0                      body_size_total         cache_hits         member_tier="gold",member_tier="old"
#
# A dashboard made for one language is empty for the services of another. Python keeps one of the values and does not say so.
# JavaScript writes the label twice, and github.com/prometheus/common/expfmt 0.72.0 refuses not the line but the page; a server
# (2.42, seen by hand) calls the target down and keeps none of its metrics, for as long as the process exports that series. Let
# attributes differ in more than dots and underscores, and one collector name all metrics.
#
# Needs Python 3, Go, Node.js.

set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"

npm install --silent --no-audit --no-fund --no-save --prefix . @opentelemetry/api@1.9.1 @opentelemetry/sdk-metrics@2.12.1 @opentelemetry/exporter-prometheus@0.223.0 >/dev/null
cat >page.mjs <<'JS'
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

const exporter = new PrometheusExporter({ preventServerStart: true });
const meter = new MeterProvider({ readers: [exporter] }).getMeter("shop");
const attributes = { "member.tier": "gold", member_tier: "old" };
meter.createCounter("body.size", { unit: "By" }).add(1, attributes);
meter.createGauge("cache.hits", { unit: "1" }).record(0.5, attributes);
process.stdout.write(new PrometheusSerializer().serialize((await exporter.collect()).resourceMetrics));
JS
node page.mjs >javascript.page

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check opentelemetry-sdk==1.45.2 opentelemetry-exporter-prometheus==0.66b2
cat >page.py <<'PY'
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import generate_latest

meter = MeterProvider([PrometheusMetricReader()]).get_meter("shop")
attributes = {"member.tier": "gold", "member_tier": "old"}
meter.create_counter("body.size", "By").add(1, attributes)
meter.create_gauge("cache.hits", "1").set(0.5, attributes)
print(generate_latest().decode(), end="")
PY
venv/bin/python page.py >python.page

mkdir go && cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/prometheus"
	api "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric"
)

func main() {
	exporter, err := prometheus.New()
	if err != nil {
		panic(err)
	}
	meter := metric.NewMeterProvider(metric.WithReader(exporter)).Meter("shop")
	attributes := api.WithAttributes(attribute.String("member.tier", "gold"), attribute.String("member_tier", "old"))
	size, _ := meter.Float64Counter("body.size", api.WithUnit("By"))
	size.Add(context.Background(), 1, attributes)
	hits, _ := meter.Float64Gauge("cache.hits", api.WithUnit("1"))
	hits.Record(context.Background(), 0.5, attributes)
	page := httptest.NewRecorder()
	promhttp.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	os.WriteFile("../go.page", page.Body.Bytes(), 0o644)

	for _, language := range []string{"go", "python", "javascript"} {
		page, _ := os.ReadFile("../" + language + ".page")
		for _, line := range strings.Split(string(page), "\n") {
			if strings.HasPrefix(line, "body_size") || strings.HasPrefix(line, "cache_hits") {
				name, rest, _ := strings.Cut(line, "{")
				labels, _, _ := strings.Cut(rest, ",otel_scope_name")
				fmt.Println(language, name, labels)
			}
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		metrics, err := parser.TextToMetricFamilies(strings.NewReader(string(page)))
		if err != nil {
			fmt.Println(language, "refused:", err)
		} else {
			fmt.Println(language, "read:", len(metrics) > 2)
		}
	}
}
GO
(cd go && go mod init finding >/dev/null 2>&1 &&
  go get github.com/prometheus/client_golang@v1.25.0 github.com/prometheus/common@v0.72.0 go.opentelemetry.io/otel/sdk/metric@v1.47.0 go.opentelemetry.io/otel/exporters/prometheus@v0.69.0 >/dev/null 2>&1 &&
  go mod tidy >/dev/null 2>&1)
seen=$(cd go && go run .)
echo "$seen"
[ "$seen" = 'go body_size_bytes_total member_tier="gold;old"
go cache_hits_ratio member_tier="gold;old"
go read: true
python body_size_bytes_total member_tier="old"
python cache_hits member_tier="old"
python read: true
javascript body_size_total member_tier="gold",member_tier="old"
javascript cache_hits member_tier="gold",member_tier="old"
javascript refused: text format parsing error in line 7: duplicate label names for metric "body_size_total"' ]
echo "as described"
