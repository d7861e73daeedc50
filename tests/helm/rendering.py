"""The chart as Helm renders it, for each file of tests/helm/values."""

import functools
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "quanyu"
HERE = ROOT / "tests" / "helm"
RELEASE, NAMESPACE = "quanyu", "member"
VALUES = {path.stem: path for path in sorted((HERE / "values").glob("*.yaml"))}
ROLES = ("identity", "points", "rights", "tagging", "campaign", "channels", "gateway")
# Those that bring their own PostgreSQL.
TRIALS = {name for name in VALUES if name.startswith("trial")}
# Many times what any of them takes: a busy machine is no fault of the chart.
TIMEOUT_SECONDS = 300


def run(*command, **options):
    """What a program says, and how it ends."""
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, **options
    )


def template(*words):
    """helm template, with whatever values."""
    return run("helm", "template", RELEASE, CHART, "--namespace", NAMESPACE, *words)


@functools.cache
def text(name):
    """The manifests of a file of values."""
    rendered = template("--values", VALUES[name])
    assert rendered.returncode == 0, rendered.stderr
    return rendered.stdout


@functools.cache
def manifests(name):
    """The same, parsed."""
    return [manifest for manifest in yaml.load_all(text(name), yaml.CSafeLoader) if manifest]


def of_kind(name, kind):
    """Those of a kind, by the role that they belong to, or by their name."""
    found = [manifest for manifest in manifests(name) if manifest["kind"] == kind]
    return {m["metadata"]["labels"].get("app.kubernetes.io/component", m["metadata"]["name"]): m for m in found}


def pods(name):
    """Every pod that a file of values makes, by what makes it."""
    kinds = ("Deployment", "StatefulSet", "Job")
    return {
        f"{m['kind']} {m['metadata']['name']}": m["spec"]["template"] for m in manifests(name) if m["kind"] in kinds
    }


def refused(*words):
    """What helm says of values that it must refuse."""
    rendered = template(*words)
    assert rendered.returncode != 0, f"taken: {' '.join(map(str, words))}"
    return rendered.stderr
