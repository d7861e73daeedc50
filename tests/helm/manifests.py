"""What is true of the manifests, whatever the values."""

import functools
import json
import pathlib
import tempfile

import jsonschema
import kubernetes_validate

from rendering import CHART, HERE, ROLES, TRIALS, VALUES, manifests, of_kind, pods, run, text

# The oldest that the chart takes, and the newest that is known here.
KUBERNETES = ("1.30", "1.37")
# It would read all definitions of a version anew for each manifest.
kubernetes_validate.utils.schema_contents = functools.cache(kubernetes_validate.utils.schema_contents)
# Whose image is named by its version, and who migrates before its pods.
BY_VERSION = set(VALUES) - {"production", "everything"}
MIGRATING = set(VALUES) - TRIALS - {"everything"}
# What checkov asks and the chart does not do: the check, the kind, the files of values, and why.
NOT_DONE = (
    ("CKV_K8S_15", "Deployment", BY_VERSION, "Always would let no pod start while the registry is "
     "away; a version or a digest names one image for ever"),
    ("CKV_K8S_15", "StatefulSet", TRIALS, "the same"),
    ("CKV_K8S_43", "Deployment", BY_VERSION | {"everything"}, "the builder of the image knows its digest: image.digest"),
    ("CKV_K8S_15", "Job", BY_VERSION & MIGRATING, "the same"),
    ("CKV_K8S_43", "Job", BY_VERSION & MIGRATING, "the builder of the image knows its digest: image.digest"),
    ("CKV_K8S_35", "Job", MIGRATING, "the program takes the address of its database from the environment alone"),
    ("CKV_K8S_43", "StatefulSet", TRIALS, "the makers' image of a trial is named by its version"),
    ("CKV_K8S_35", "Deployment", set(VALUES), "the program takes the address of its database and its key from the environment "
     "alone; the first API key is a file"),
    ("CKV_K8S_40", "StatefulSet", TRIALS, "the official image's files are those of its user 999"),
    ("CKV_K8S_116", "StatefulSet", {"trial-etcd"}, "the etcd of a trial has no certificates; a policy lets the roles alone in"),
    ("CKV_K8S_117", "StatefulSet", {"trial-etcd"}, "the same"),
    ("CKV_K8S_119", "StatefulSet", {"trial-etcd"}, "it has no peers: it listens to them within its pod"),
)


def helm_lint_finds_nothing():
    for name, path in VALUES.items():
        seen = run("helm", "lint", "--strict", CHART, "--values", path)
        assert seen.returncode == 0 and "[WARNING]" not in seen.stdout, f"{name}: {seen.stdout}{seen.stderr}"


def manifests_are_what_the_api_of_kubernetes_takes():
    others = json.loads((HERE / "others.schema.json").read_text())
    for name in VALUES:
        for manifest in manifests(name):
            if manifest["kind"] in others["definitions"]:
                jsonschema.validate(manifest, {**others, "$ref": f"#/definitions/{manifest['kind']}"})
                continue
            for kubernetes in KUBERNETES:
                kubernetes_validate.validate(manifest, kubernetes, strict=True)


def every_object_has_a_name_of_its_own_the_namespace_and_the_labels():
    for name in VALUES:
        seen = [(m["kind"], m["metadata"]["name"]) for m in manifests(name)]
        assert len(seen) == len(set(seen)), f"{name}: {seen}"
        for manifest in manifests(name):
            meta = manifest["metadata"]
            assert meta["namespace"] == "member", meta
            assert meta["labels"]["app.kubernetes.io/instance"] == "quanyu", meta
            assert len(meta["name"]) <= 63, meta


def the_same_values_give_the_same_manifests():
    first = text("production")
    text.cache_clear()
    assert text("production") == first


def every_pod_is_restricted():
    for name in VALUES:
        for who, pod in pods(name).items():
            spec, where = pod["spec"], f"{name}: {who}"
            security = spec["securityContext"]
            assert security["runAsNonRoot"] and security["runAsUser"] > 0, where
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}, where
            assert spec["automountServiceAccountToken"] is False, where
            # Kubernetes would set QUANYU_POINTS_PORT and the like.
            assert spec["enableServiceLinks"] is False, where
            assert not any("hostPath" in volume for volume in spec.get("volumes", [])), where
            assert not any(key in spec for key in ("hostNetwork", "hostPID", "hostIPC")), where
            for container in spec["containers"]:
                assert container["securityContext"] == {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                }, where
                assert container["resources"]["requests"] and container["resources"]["limits"]["memory"], where


def no_secret_stands_in_a_manifest():
    for name in set(VALUES) - TRIALS:
        assert not of_kind(name, "Secret"), name
        for who, pod in pods(name).items():
            for variable in pod["spec"]["containers"][0]["env"]:
                taken = variable.get("valueFrom", {}).keys() & {"secretKeyRef", "fieldRef"}
                assert taken or variable["name"] == "QUANYU_ADVERTISE", f"{name}: {who}: {variable}"
    for name in TRIALS:
        made = of_kind(name, "Secret")["trial"]["stringData"]
        assert made["first-api-key"].startswith("qy_") and len(made["first-api-key"]) == 67, made
        assert len(made["signing-key"]) == 64 and len(made["postgres-password"]) == 32, made
        if "nats-password" in made:
            assert len(made["nats-password"]) == 32 and made["nats-password"] in made["nats.conf"], made


def every_pod_has_time_to_end():
    for name in VALUES:
        for role in ROLES:
            spec = of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]
            settings = of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"]
            drain = int(settings.split("drain_seconds = ")[1].split("\n")[0])
            lifecycle = spec["containers"][0].get("lifecycle")
            sleep = lifecycle["preStop"]["sleep"]["seconds"] if lifecycle else 0
            assert spec["terminationGracePeriodSeconds"] > sleep + drain, f"{name}: {role}"


def migrations_come_before_the_pods_or_with_them():
    for name in VALUES:
        jobs = of_kind(name, "Job")
        assert bool(jobs) == (name in MIGRATING), name
        for role in ROLES:
            settings = of_kind(name, "ConfigMap")[role]["data"]["quanyu.toml"]
            expected = "false" if jobs else "true"
            assert f"\nmigrate_at_start = {expected}\n" in settings, f"{name}: {role}"
        if not jobs:
            continue
        job = jobs["migrate"]
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade", name
        pod = job["spec"]["template"]["spec"]
        # Nothing of the release is there before its hooks are.
        for kind in ("ServiceAccount", "NetworkPolicy"):
            meta = of_kind(name, kind)["migrate"]["metadata"]
            assert meta["name"] == pod["serviceAccountName"] == job["metadata"]["name"], f"{name}: {kind}"
            assert meta["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade", f"{name}: {kind}"
            assert int(meta["annotations"]["helm.sh/hook-weight"]) < 0, f"{name}: {kind}"
        made = {m["metadata"]["name"] for m in manifests(name) if m["kind"] == "ConfigMap"}
        for volume in pod["volumes"]:
            assert volume.get("configMap", {}).get("name") not in made, f"{name}: {volume}"
        policy = of_kind(name, "NetworkPolicy")["migrate"]
        ports = [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]]
        assert "ingress" not in policy["spec"] and sorted(ports) == [53, 53, 5432], f"{name}: {ports}"
        migrated = {}
        for container in pod["containers"]:
            command, *roles = container["args"]
            assert command == "migrate", container
            migrated.update({role: container["env"][0]["valueFrom"] for role in roles})
        served = {}
        for role in ROLES:
            env = of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]["containers"][0]["env"]
            served[role] = next(e["valueFrom"] for e in env if e["name"] == "QUANYU_DATABASE_URL")
        assert migrated == served, f"{name}: each role's own database"


def probes_ask_what_the_admin_port_answers():
    for name in VALUES:
        for role in ROLES:
            container = of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]["containers"][0]
            paths = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
            assert paths == {
                "startupProbe": {"path": "/healthz", "port": "admin"},
                "livenessProbe": {"path": "/healthz", "port": "admin"},
                "readinessProbe": {"path": "/readyz", "port": "admin"},
            }, f"{name}: {role}"


def a_budget_never_holds_up_a_drain():
    for name in VALUES:
        budgets = of_kind(name, "PodDisruptionBudget")
        assert set(budgets) == set(ROLES), name
        for budget in budgets.values():
            assert budget["spec"]["maxUnavailable"] == 1 and "minAvailable" not in budget["spec"], name
            assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow", name


def who_is_scaled_names_no_replicas():
    for name in VALUES:
        scaled = of_kind(name, "HorizontalPodAutoscaler")
        for role, deployment in of_kind(name, "Deployment").items():
            assert ("replicas" in deployment["spec"]) != (role in scaled), f"{name}: {role}"


def selectors_find_their_pods_and_no_others():
    for name in VALUES:
        labels = {pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["metadata"]["labels"] for pod in pods(name).values()}
        for component, service in of_kind(name, "Service").items():
            selector = service["spec"]["selector"].items()
            found = {other for other, theirs in labels.items() if selector <= theirs.items()}
            expected = set(ROLES) if component == "metrics" else {component.removesuffix("-pods")}
            assert found == expected, f"{name}: {component}: {found}"


def checkov():
    """What checkov finds amiss in each file of values."""
    with tempfile.TemporaryDirectory(prefix="quanyu-checkov.") as folder:
        for name in VALUES:
            pathlib.Path(folder, f"{name}.yaml").write_text(text(name))
        seen = run("checkov", "--skip-download", "--framework", "kubernetes", "--output", "json", "--directory", folder)
    found = {name: set() for name in VALUES}
    for check in json.loads(seen.stdout)["results"]["failed_checks"]:
        found[pathlib.PurePath(check["file_path"]).stem].add((check["check_id"], check["resource"].split(".")[0]))
    return found


def checkov_finds_only_what_is_explained():
    for name, found in checkov().items():
        explained = {(check, kind) for check, kind, names, _ in NOT_DONE if name in names}
        assert found == explained, f"{name}: found {found - explained}, explained for nothing {explained - found}"


CHECKS = (
    helm_lint_finds_nothing,
    manifests_are_what_the_api_of_kubernetes_takes,
    every_object_has_a_name_of_its_own_the_namespace_and_the_labels,
    the_same_values_give_the_same_manifests,
    every_pod_is_restricted,
    no_secret_stands_in_a_manifest,
    every_pod_has_time_to_end,
    migrations_come_before_the_pods_or_with_them,
    probes_ask_what_the_admin_port_answers,
    a_budget_never_holds_up_a_drain,
    who_is_scaled_names_no_replicas,
    selectors_find_their_pods_and_no_others,
    checkov_finds_only_what_is_explained,
)
