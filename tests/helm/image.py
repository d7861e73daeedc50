"""The recipe of the image, without Docker: what it copies is enough, and it fits the chart and the repository."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib

from rendering import ROLES, ROOT, VALUES, of_kind, run

RECIPE = ROOT / "services" / "Dockerfile"
INCLUDED = re.compile(r'\binclude_(?:bytes|str)!\(\s*"([^"]+)"\s*\)')


def hadolint_finds_nothing():
    seen = run("hadolint", RECIPE)
    assert seen.returncode == 0, seen.stdout + seen.stderr


def context(folder):
    """The files of the repository that .dockerignore lets through: the last line that speaks of a file or of a folder of it."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path, is_left_out = pathlib.PurePath(name), False
        for line in lines:
            pattern = line.removeprefix("!")
            if pattern == "*" or path == pathlib.PurePath(pattern) or pathlib.PurePath(pattern) in path.parents:
                is_left_out = not line.startswith("!")
        if not is_left_out:
            target = pathlib.Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)


def the_build_finds_all_that_it_reads():
    with tempfile.TemporaryDirectory(prefix="quanyu-context.") as folder:
        context(folder)
        names = {path.name for path in pathlib.Path(folder).iterdir()}
        assert names == {".cargo", "Cargo.toml", "Cargo.lock", "examples", "libs", "proto", "sdks", "services", "tests", "tools"}, names
        seen = run("cargo", "metadata", "--format-version=1", "--locked", "--offline", "--no-deps", cwd=folder)
        assert seen.returncode == 0, seen.stderr
        whole = run("cargo", "metadata", "--format-version=1", "--locked", "--offline", "--no-deps", cwd=ROOT)
        assert seen.stdout.count('"manifest_path"') == whole.stdout.count('"manifest_path"')
        for source in pathlib.Path(folder).glob("*/*/src/**/*.rs"):
            for path in INCLUDED.findall(source.read_text()):
                assert (source.parent / path).exists(), f"{source}: {path} is left out"


def toolchain_user_and_ports_are_those_of_repository_and_chart():
    recipe = RECIPE.read_text()
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    assert f"FROM rust:{version}-bookworm " in recipe
    user = re.search(r"^USER (\d+):(\d+)$", recipe, re.MULTILINE)
    for name in VALUES:
        for role in ROLES:
            security = of_kind(name, "Deployment")[role]["spec"]["template"]["spec"]["securityContext"]
            assert (str(security["runAsUser"]), str(security["runAsGroup"])) == user.groups(), f"{name}: {role}"
    assert 'ENTRYPOINT ["/usr/local/bin/quanyu"]' in recipe


CHECKS = (
    hadolint_finds_nothing,
    the_build_finds_all_that_it_reads,
    toolchain_user_and_ports_are_those_of_repository_and_chart,
)
