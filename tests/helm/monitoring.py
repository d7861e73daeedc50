"""Alerts and dashboards: what they ask for is there, and each alert is tested both ways."""

import json
import pathlib
import re
import tempfile

import yaml

from live import platform
from rendering import CHART, HERE, ROOT, of_kind, run

ALERTS = CHART / "files" / "alerts.yaml"
TESTS = sorted(HERE.glob("alerts*_test.yaml"))
DASHBOARDS = sorted((CHART / "files" / "dashboards").glob("*.json"))

# What Prometheus adds, by the ServiceMonitor: a label for each target, and a metric of its own.
TARGET_LABELS = {"job", "namespace", "pod", "role"}
OF_PROMETHEUS = {"up": set()}
# What a process tells only once something has failed; they stand in its code by these names, without labels.
AFTER_A_FAILURE = {"worker_item_failures_total": set(), "worker_items_parked_total": set()}
# What a process tells that has certificates.
WITH_CERTIFICATES = {"tls_certificate_expiry_timestamp_seconds": {"setting"}, "tls_certificate_files_wrong": {"setting"}}
# What a gateway tells that takes tokens.
WITH_ISSUERS = {"gateway_issuer_keys_at_hand": {"issuer"}}

SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
MATCHER = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*\"")
GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
WORDS = set(
    "sum max min count group rate increase changes absent topk histogram_quantile min_over_time time label_replace "
    "by on group_right and or unless offset".split()
)


def rules():
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def expressions():
    """Every expression, with where it stands."""
    for rule in rules():
        yield f"alert {rule['alert']}", rule["expr"]
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.name}: {panel['title']}", target["expr"]


def promtool_takes_the_rules():
    seen = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", ALERTS)
    assert seen.returncode == 0, seen.stdout + seen.stderr


def each_alert_fires_and_is_silent_as_its_tests_say():
    seen = run("promtool", "test", "rules", *TESTS)
    assert seen.returncode == 0, seen.stdout + seen.stderr


def each_alert_has_a_test_of_either_kind():
    tests = [test for path in TESTS for test in yaml.safe_load(path.read_text())["tests"]]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    fire = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    names = {rule["alert"] for rule in rules()}
    assert fire == names, f"never fire, or are no alerts: {fire ^ names}"
    assert silent == names, f"are never silent, or are no alerts: {silent ^ names}"


def each_alert_says_how_bad_it_is_and_what_to_do():
    operating = (ROOT / "docs" / "operating.md").read_text()
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
        assert f"`{rule['alert']}`" in operating, f"docs/operating.md does not tell of {rule['alert']}"


def the_chart_installs_the_files_as_they_are():
    for name in ("production", "everything"):
        (rule,) = of_kind(name, "PrometheusRule").values()
        assert rule["spec"] == yaml.safe_load(ALERTS.read_text()), name
        configs = {key: value for key, value in of_kind(name, "ConfigMap").items() if "-dashboard-" in key}
        shown = {key: json.loads(text) for config in configs.values() for key, text in config["data"].items()}
        assert shown == {f"quanyu-{path.name}": json.loads(path.read_text()) for path in DASHBOARDS}, name
        (monitor,) = of_kind(name, "ServiceMonitor").values()
        (endpoint,) = monitor["spec"]["endpoints"]
        service = of_kind(name, "Service")["metrics"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items(), name
        assert endpoint["port"] == service["spec"]["ports"][0]["name"] and endpoint["honorLabels"] is True, name


def dashboards_are_whole():
    uids = [json.loads(path.read_text())["uid"] for path in DASHBOARDS]
    assert len(uids) == len(set(uids)) >= 3, uids
    for path in DASHBOARDS:
        panels = json.loads(path.read_text())["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels), path
        cells = [(panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y) for panel in panels
                 for x in range(panel["gridPos"]["w"]) for y in range(panel["gridPos"]["h"])]
        assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24, f"{path}: panels overlap"
        assert all(panel["targets"] and panel["description"] for panel in panels), path


def promtool_takes_what_dashboards_ask():
    variables = {"$__rate_interval": "5m", "$namespace": "member", "$role": ".*"}
    asked = []
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                expression = target["expr"]
                for name, value in variables.items():
                    expression = expression.replace(name, value)
                assert "$" not in expression, f"{path.name}: {panel['title']}: {expression}"
                asked.append({"record": f"asked:{len(asked)}", "expr": expression})
    with tempfile.TemporaryDirectory(prefix="quanyu-dashboards.") as folder:
        rules_file = pathlib.Path(folder, "rules.yaml")
        rules_file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": asked}]}))
        seen = run("promtool", "check", "rules", rules_file)
    assert seen.returncode == 0, seen.stdout + seen.stderr


def scraped(binary):
    """What a platform tells that has worked a little."""
    channel = {"channelCode": "pos", "kind": "CHANNEL_KIND_POS", "displayName": "Stores", "trustRank": 1}
    arrival = {"channelCode": "pos", "externalId": "1"}
    with platform(binary) as running:
        running.call("/v1/channels", {"requestId": "channel-1", "channel": channel})
        running.call("/v1/members:resolve", {"requestId": "member-1", "arrival": arrival})
        running.wait_until(lambda: "events_consumed_total{" in running.look("/metrics"))
        return running.look("/metrics")


def probes_and_scrapes_find_what_they_ask_for(binary):
    container = of_kind("production", "Deployment")["points"]["spec"]["template"]["spec"]["containers"][0]
    (monitor,) = of_kind("production", "ServiceMonitor").values()
    probes = [container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    with platform(binary) as running:
        for path in (*probes, monitor["spec"]["endpoints"][0]["path"]):
            assert running.look(path), path


def families(text):
    """Each metric of a scrape, with the labels of its samples; a histogram is three of them."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
                found.setdefault(name + suffix, set())
        elif not line.startswith("#"):
            name, labels = re.match(r"([^{ ]+)(?:\{(.*)\})? ", line).groups()
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels or ""))
    return found


def every_metric_and_label_that_is_asked_for_is_told(binary):
    sources = [path for folder in ("libs", "services") for path in sorted((ROOT / folder).glob("*/src/**/*.rs"))]
    code = "".join(path.read_text() for path in sources)
    for name in (*AFTER_A_FAILURE, *WITH_CERTIFICATES, *WITH_ISSUERS):
        assert f'"{name}"' in code, f"{name} is told by nobody"
    text = scraped(binary)
    told = {**families(text), **OF_PROMETHEUS, **AFTER_A_FAILURE, **WITH_CERTIFICATES, **WITH_ISSUERS}
    # No call has failed.
    told["rpc_server_errors_total"] = told["rpc_server_requests_total"]
    for where, expression in expressions():
        labels = set()
        for name, matchers in SELECTOR.findall(expression):
            assert name in told, f"{where}: {name} is no metric of the platform"
            labels |= told[name]
            for label in MATCHER.findall(matchers):
                assert label in told[name] | TARGET_LABELS, f"{where}: {name} has no label {label}, but {told[name]}"
            assert 'job="quanyu"' in matchers, f"{where}: {name} may be another program's"
        rest = SELECTOR.sub(" ", expression)
        for group in GROUPING.findall(rest):
            for label in filter(None, (label.strip() for label in group.split(","))):
                assert label in labels | TARGET_LABELS, f"{where}: nothing there has the label {label}"
        rest = re.sub(r'"[^"]*"|\[[^\]]*\]|\boffset \w+', " ", GROUPING.sub(lambda found: found[0].split("(")[0], rest))
        strange = set(WORD.findall(rest)) - WORDS
        assert not strange, f"{where}: {strange} has no labels in braces, or is no function known here"


def methods_that_are_named_are_in_the_contracts():
    contracts = "".join(path.read_text() for path in sorted((ROOT / "proto").glob("**/*.proto")))
    named = {method for _, expression in expressions() for method in re.findall(r'method\W+\.\*/(\w+)"', expression)}
    assert named, "none is named: this check has nothing to do any more"
    for method in named:
        assert f"rpc {method}(" in contracts, f"{method} is no method"


def promtool_takes_what_is_told(binary):
    seen = run("promtool", "check", "metrics", input=scraped(binary))
    assert seen.returncode == 0, seen.stdout + seen.stderr


CHECKS = (
    promtool_takes_the_rules,
    each_alert_fires_and_is_silent_as_its_tests_say,
    each_alert_has_a_test_of_either_kind,
    each_alert_says_how_bad_it_is_and_what_to_do,
    the_chart_installs_the_files_as_they_are,
    dashboards_are_whole,
    promtool_takes_what_dashboards_ask,
    probes_and_scrapes_find_what_they_ask_for,
    every_metric_and_label_that_is_asked_for_is_told,
    methods_that_are_named_are_in_the_contracts,
    promtool_takes_what_is_told,
)
