"""What the values may be, and what README.md says of them."""

import json
import re

import readme
from rendering import CHART, VALUES, refused, run


def values_that_are_no_values_are_refused():
    for words, told in (
        (["defaults.replica=3"], "additional properties 'replica' not allowed"),
        (["roles.pionts.replicas=3"], "additional properties 'pionts' not allowed"),
        (["database.password=x"], "additional properties 'password' not allowed"),
        (["image.digest=latest"], "does not match pattern"),
        (["network.port=80"], "minimum: got 80"),
        (["discovery=consul"], "value must be one of"),
        (["etcd.endpoints[0]=etcd:2379"], "does not match pattern"),
        (["facts=kafka"], "value must be one of"),
        (["nats.urls[0]=nats://user:password@nats"], "does not match pattern"),
        (["nats.password=x"], "additional properties 'password' not allowed"),
        (["nats.replicas=2"], "value must be one of"),
        (["gateway.reflection=yes"], "value must be one of"),
        (["gateway.bodyBytesMax=0"], "minimum: got 0"),
        (["gateway.corsOrigins[0]=https://shop.example/"], "does not match pattern"),
        (["gateway.issuers[0].name=Corp"], "does not match pattern"),
        (["gateway.issuers[0].jwksUrl=http://id.example/keys"], "does not match pattern"),
        (["gateway.issuers[0].algorithms[0]=HS256"], "value must be one of"),
        (["gateway.issuers[0].roles.boss=owner"], "value must be one of"),
        (["gateway.issuers[0].name=corp"], "missing properties 'issuer', 'audiences'"),
        (["etcd.password=x"], "additional properties 'password' not allowed"),
        (["labels.app\\.kubernetes\\.io/name=x"], "/labels"),
    ):
        seen = refused("--values", VALUES["default"], *(f"--set={word}" for word in words))
        assert told in seen, f"{words}: {seen}"


def every_problem_of_the_values_is_told_at_once():
    seen = refused()
    assert "database.secret.name: must name the Secret" in seen and "signingKey.secret.name: must name" in seen, seen
    seen = refused("--values", VALUES["default"], "--set=trial.enabled=true,network.adminPort=7400,roles.campaign.databaseConnectionsMax=2"
                   ",defaults.autoscaling.enabled=true,roles.points.autoscaling.minReplicas=9,ingress.rest.enabled=true"
                   ",gatewayApi.rest.enabled=true,roles.points.autoscaling.podMetric.name=x")
    for told in ("database.secret.name: is one too many beside trial.enabled", "network.adminPort: must be another port",
                 "roles.campaign.databaseConnectionsMax: must be at least 3", "roles.points.autoscaling.minReplicas: must not be above",
                 "ingress.rest.hosts: must name", "gatewayApi.parentRefs: must name", "roles.points.autoscaling.podMetric: needs both",
                 "trial.postgresql.connectionsMax: is 200"):
        assert told in seen, f"{told}: {seen}"
    seen = refused("--values", VALUES["default"], "--kube-version=1.34", "--set=discovery=etcd,etcd.username=quanyu,etcd.zones=true"
                   ",etcd.noticeSeconds=20,facts=jetstream,nats.username=quanyu,nats.tokenSecret.name=nats,tls.enabled=true"
                   ",meshTls.enabled=true,gatewayApi.grpc.enabled=true,etcd.tls.clientCertificate=true")
    for told in ("etcd.endpoints: must name the nodes", "etcd.username: needs etcd.passwordSecret.name", "etcd.noticeSeconds: must be less",
                 "etcd.zones: needs Kubernetes 1.35", "nats.urls: must name the nodes", "nats.username: needs nats.passwordSecret.name",
                 "nats.tokenSecret.name, nats.username: one of them", "tls.secretName: must name", "meshTls.secretName: must name",
                 "gatewayApi.backendTls.hostname: must be", "etcd.tls.clientCertificate: is in"):
        assert told in seen, f"{told}: {seen}"
    seen = refused("--values", VALUES["default"], "--set=tls.enabled=true,meshTls.enabled=true,certManager.enabled=true,discovery=etcd"
                   ",etcd.endpoints={https://a:2379,http://b:2379},etcd.tls.secretName=etcd")
    for told in ("certManager.issuerRef.name: must say", "certManager.meshIssuerRef.name: must say", "etcd.tls.secretName: belongs to"):
        assert told in seen, f"{told}: {seen}"
    assert "https://a:2379" not in seen, seen
    seen = refused("--values", VALUES["default"], "--set=trial.etcd.enabled=true,etcd.endpoints[0]=http://etcd:2379"
                   ",trial.nats.enabled=true,nats.urls[0]=nats://nats")
    for told in ("trial.nats.enabled: is for a trial", "nats: its urls", "facts: must be jetstream", "trial.etcd.enabled: is for a trial", "etcd.endpoints: is one too many", "discovery: must be etcd"):
        assert told in seen, f"{told}: {seen}"
    seen = refused("--values", VALUES["everything"], "--kube-version=1.35", "--set=gateway.requestsPerSecond=0,gateway.issuers[1].name=corp_staff"
                   ",gateway.issuers[1].jwksUrl=https://a,gateway.issuers[1].caConfigMap.name=ca,gateway.issuers[1].tenant=a"
                   ",gateway.issuers[1].refreshSeconds=29,gateway.issuers[1].keepSeconds=28")
    for told in ("gateway.burst: is of use only", "corp_staff has the name or the issuer", "set one of jwksUrl", "set one of tenant",
                 "refreshSeconds must be no less than refetch", "keepSeconds must be no less"):
        assert told in seen, f"{told}: {seen}"
    seen = refused("--values", VALUES["everything"], "--kube-version=1.35", "--set=gateway.issuers[1].caConfigMap.name=ca")
    assert "caConfigMap vouches for a jwksUrl" in seen, seen
    seen = refused("--values", VALUES["default"], "--set=database.serverConnectionsMax=167")
    assert "opens up to 168 connections" in seen, seen


def a_release_may_have_any_name():
    for release in ("quanyu", "member", "a" * 53, "quanyu-" + "b" * 46):
        rendered = run("helm", "template", release, CHART, "--values", VALUES["trial"])
        names = re.findall(r"^  name: (.+)$", rendered.stdout, re.MULTILINE)
        assert rendered.returncode == 0 and names, rendered.stderr
        assert all(re.fullmatch(r"[a-z]([-a-z0-9]{0,51}[a-z0-9])?", name) for name in names), names
    seen = run("helm", "template", "1st", CHART, "--values", VALUES["trial"])
    assert "fullnameOverride: must be set" in seen.stderr, seen.stderr


def the_schema_takes_nothing_that_it_does_not_know():
    schema = json.loads((CHART / "values.schema.json").read_text())
    # Helm looks at "format" under no newer draft, and so the schema has patterns.
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"

    def walk(node, path):
        if isinstance(node, list):
            for index, item in enumerate(node):
                walk(item, f"{path}/{index}")
        if not isinstance(node, dict):
            return
        assert "format" not in node or path.endswith("properties"), path
        if node.get("type") == "object":
            assert node.get("additionalProperties") in (False, {"type": "string"}), path
        for key, item in node.items():
            walk(item, f"{path}/{key}")

    walk(schema, "#")


def the_readme_lists_every_value():
    written = (CHART / "README.md").read_text()
    assert readme.with_table(written) == written, "README.md is not what values.yaml says: tests/helm/readme.py writes it"


def every_value_is_in_the_schema():
    schema = json.loads((CHART / "values.schema.json").read_text())
    for path, _, _ in readme.rows():
        node = schema
        for key in path.split("."):
            while "$ref" in node:
                node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
            assert key in node["properties"], path
            node = node["properties"][key]


CHECKS = (
    values_that_are_no_values_are_refused,
    every_problem_of_the_values_is_told_at_once,
    a_release_may_have_any_name,
    the_schema_takes_nothing_that_it_does_not_know,
    the_readme_lists_every_value,
    every_value_is_in_the_schema,
)
