"""Writes the table of values into helm/quanyu/README.md, from the comments of values.yaml:

    python3 tests/helm/readme.py

A comment above a key speaks of it. A key with a comment is a row, with its default; one without must have keys below it.
"""

import json
import pathlib
import re
import sys

import yaml

CHART = pathlib.Path(__file__).resolve().parents[2] / "helm" / "quanyu"
BEGIN, END = "<!-- values: written by tests/helm/readme.py -->", "<!-- end of the values -->"
KEY = re.compile(r"^( *)([A-Za-z0-9_]+):(.*)$")


def rows():
    """Each value: its path, its default, and what its comment says."""
    source = (CHART / "values.yaml").read_text()
    defaults = yaml.safe_load(source)
    found, path, comment, covered = [], [], [], None
    for number, line in enumerate(source.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
            continue
        key = KEY.match(line)
        if not key:
            comment = []
            continue
        depth = len(key[1]) // 2
        path = path[:depth] + [key[2]]
        if covered is not None and depth > covered:
            continue
        covered = None
        value = defaults
        for part in path:
            value = value[part]
        is_inner = isinstance(value, dict) and value and not key[3].strip()
        if comment and not (is_inner and following_has_comment(source, number)):
            found.append((".".join(path), value, " ".join(comment)))
            covered = depth
        elif not is_inner:
            raise ValueError(f"values.yaml:{number}: {'.'.join(path)} has no comment")
        comment = []
    return found


def following_has_comment(source, number):
    """Whether the keys below are told one by one."""
    following = source.splitlines()[number:]
    return bool(following) and following[0].strip().startswith("#")


def cell(text):
    return text.replace("|", "\\|")


def table():
    lines = ["| value | default | what it is |", "|---|---|---|"]
    for path, value, comment in rows():
        lines.append(f"| `{path}` | `{cell(json.dumps(value))}` | {cell(comment)} |")
    return "\n".join(lines)


def with_table(text):
    """A README with the table as it should be."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    path = CHART / "README.md"
    path.write_text(with_table(path.read_text()))
    sys.exit(0)
