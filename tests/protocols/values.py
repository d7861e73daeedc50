"""The gateway's JSON beside that of protobuf's own libraries, value by value.

    python3 tests/protocols/values.py contracts.binpb target/debug/examples/transcoder [go/values]

Of every type of the contracts, and of one that has every kind of field, messages are made at random. Each side writes each
of them, and reads what each side wrote: everybody has to arrive at the same values. Then each side reads the texts of
values.tsv, which a caller may send: where the gateway answers otherwise than Python, the table says why.
"""

import csv
import itertools
import json
import os
import random
import re
import sys

from messages import fill
from peers import Program, Python, Refused

MESSAGES_OF_CONTRACT, MESSAGES_OF_KINDS = 10, 200
KINDS = "quanyu.proving.v1.Kinds"
TABLE = os.path.join(os.path.dirname(__file__), "values.tsv")
SHOWN_MAX = 20
NOT_TOLD = re.compile(r', ?"unreadableItems": ?\[\]|"unreadableItems": ?\[\],? ?')


def main():
    descriptors, transcoder, *go = sys.argv[1:]
    python = Python(descriptors)
    sides = {"python": python, "gateway": Program(transcoder, descriptors)}
    if go:
        sides["go"] = Program(go[0], descriptors)
    wrong = generated(python, sides) + table(python, sides)
    for line in wrong[:SHOWN_MAX]:
        print(line)
    if len(wrong) > SHOWN_MAX:
        print(f"and {len(wrong) - SHOWN_MAX} more")
    return 1 if wrong else 0


def generated(python, sides):
    """What the sides make of messages made at random."""
    chance, wrong, messages, values = random.Random(13), [], 0, 0
    types = sorted({*python.types("quanyu."), *python.types("google.rpc.")})
    for name in types:
        for _ in range(MESSAGES_OF_KINDS if name == KINDS else MESSAGES_OF_CONTRACT):
            message = fill(python.of(name)(), chance)
            binary = message.SerializeToString(deterministic=True)
            messages += 1
            texts = {}
            for side, peer in sides.items():
                try:
                    texts[side] = peer.write(name, binary)
                except Refused as error:
                    wrong.append(f"{side} does not write {name}: {error}: {message}")
            written = {side: comparable(json.loads(text)) for side, text in texts.items()}
            values += count(written.get("python"))
            for one, other in itertools.combinations(written, 2):
                if written[one] != written[other]:
                    wrong.append(f"{name}: {one} and {other} write {difference(written[one], written[other])}")
            for (writer, text), (reader, peer) in itertools.product(texts.items(), sides.items()):
                try:
                    read = python.canonical(name, peer.read(name, told(text)))
                    if read != python.canonical(name, binary):
                        parted = parting(python.canonical(name, binary), read)
                        wrong.append(f"{name}: {reader} reads otherwise what {writer} wrote: {parted}")
                except Refused as error:
                    wrong.append(f"{name}: {reader} does not read what {writer} wrote: {error}")
    print(f"{messages} messages of {len(types)} types, {values} values, written and read by {', '.join(sides)}")
    return wrong


def told(text):
    """The text of a request without the field that does not exist for callers, which is empty."""
    return NOT_TOLD.sub("", text)


def comparable(value):
    """A value of JSON as it is compared: 1 and 1.0 are one number, and true is none."""
    if isinstance(value, dict):
        return {name: comparable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value if not isinstance(value, bool) else ("bool", value)
    return ("number", float(value))


def count(value):
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 1


def difference(one, other, path=""):
    """Where two values part first."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            if one.get(name, "nothing") != other.get(name, "nothing"):
                return difference(one.get(name, "nothing"), other.get(name, "nothing"), f"{path}.{name}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other)):
            if left != right:
                return difference(left, right, f"{path}[{index}]")
    return f"{path}: {one!r}, {other!r}"


def parting(one, other):
    """The first lines in which two texts part."""
    lines = zip(one.splitlines() + [""], other.splitlines() + [""])
    return next((f"{left.strip()} became {right.strip()}" for left, right in lines if left != right), "")


def table(python, sides):
    """What the sides read of the texts of the table, beside what the table says of them."""
    wrong, rows, parted = [], 0, 0
    with open(TABLE, newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            rows += 1
            parted += bool(row["reason"])
            for side, peer in sides.items():
                read = reading(python, peer, row["json"])
                if read != row[side]:
                    wrong.append(f"{side} makes {read} of {row['json']}, and the table says {row[side]}")
            if (row["gateway"] != row["python"]) != bool(row["reason"]):
                wrong.append(f"{row['json']}: a reason is due where the gateway and Python differ, and only there")
    print(f"{rows} texts read, {parted} of them otherwise than by Python, each with its reason in {os.path.basename(TABLE)}")
    return wrong


def reading(python, peer, text):
    """What a text is read as, as Python writes it; "refused", or "no JSON" where that cannot be written."""
    try:
        binary = peer.read(KINDS, text)
    except Refused:
        return "refused"
    try:
        written = json.loads(python.write(KINDS, binary))
    except Refused:
        return "no JSON"
    empty = json.loads(python.write(KINDS, b""))
    told_apart = {name: value for name, value in written.items() if empty.get(name, "nothing") != value}
    return json.dumps(told_apart, sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())
