"""Messages of any type, by its descriptor: filled at random, of values that are usual and of those at every edge."""

import datetime
import math

from google.protobuf import any_pb2, struct_pb2
from google.protobuf.descriptor import FieldDescriptor as Field

DEPTH_MAX = 2
# How much rarer messages within messages become with each step.
DEPTH_CHANCE = 0.4
ITEMS_MAX = 3
# The first and the last second that a Timestamp may name in JSON: of the years 1 and 9999.
SECONDS_MIN, SECONDS_MAX = -62135596800, 253402300799
DURATION_SECONDS_MAX = 315576000000
TEXTS = ["", "a", "全域会员", "👩‍👩‍👧", "\u0000\u001f\"\\/\b\t\n", "\u2028<&>\u2029", "é é", "null", "1", "\U0010ffff", " "]
BYTES = [b"", b"\x00", b"\xff\xfe", b"\xfb\xef\xbe", b"abc", bytes(range(256))]
NANOS = [0, 1, 1_000, 1_000_000, 500_000_000, 999_999_999, 120_000_000, 123_456_000]
DOUBLES = [0.0, 1.5, -1.0, 1e300, 5e-324, 1.7976931348623157e308, 0.1, 123456789.0, 1e21, 1e-7]
FLOATS = [0.0, 1.5, 0.10000000149011612, 3.4e38, 1.2e-38, 16777216.0, 1e10]
ODD = [math.nan, math.inf, -math.inf]
PATHS = ["name", "display_title", "thing.display_title", "a.b_c.d"]


def integers(bits, signed):
    if signed:
        edge = 1 << (bits - 1)
        return [0, 1, -1, 100, edge - 1, -edge, edge // 2 + 1]
    return [0, 1, 100, (1 << bits) - 1, 1 << (bits - 1)]


SCALARS = {
    Field.TYPE_STRING: TEXTS,
    Field.TYPE_BYTES: BYTES,
    Field.TYPE_BOOL: [True, False],
    Field.TYPE_DOUBLE: DOUBLES + ODD,
    Field.TYPE_FLOAT: FLOATS + ODD,
}
for kinds, bits, signed in (
    ((Field.TYPE_INT32, Field.TYPE_SINT32, Field.TYPE_SFIXED32), 32, True),
    ((Field.TYPE_INT64, Field.TYPE_SINT64, Field.TYPE_SFIXED64), 64, True),
    ((Field.TYPE_UINT32, Field.TYPE_FIXED32), 32, False),
    ((Field.TYPE_UINT64, Field.TYPE_FIXED64), 64, False),
):
    SCALARS.update({kind: integers(bits, signed) for kind in kinds})


def fill(message, random, depth=0):
    """Fills about two thirds of a message's fields, its oneofs with one of theirs."""
    known = WELL_KNOWN.get(message.DESCRIPTOR.full_name)
    if known:
        known(message, random)
        return message
    chosen = {oneof.name: random.choice(oneof.fields).name for oneof in message.DESCRIPTOR.oneofs}
    for field in filter(is_told, message.DESCRIPTOR.fields):
        oneof = field.containing_oneof
        if random.random() < 0.35 or (oneof and chosen[oneof.name] != field.name):
            continue
        if leads_on(field) and (depth >= DEPTH_MAX or random.random() < DEPTH_CHANCE * depth):
            continue
        fill_field(message, field, random, depth)
    return message


def is_told(field):
    """Whether a field exists for callers: in some the gateway alone tells a service what could not be read."""
    return not (field.message_type and field.message_type.full_name == "quanyu.type.v1.UnreadableItem")


def leads_on(field):
    """Whether a field holds messages, in a list or a map too, that hold others."""
    of = field.message_type
    if of and of.GetOptions().map_entry:
        of = of.fields_by_name["value"].message_type
    return bool(of) and not of.full_name.startswith("google.protobuf.")


def fill_field(message, field, random, depth):
    target = getattr(message, field.name)
    if field.message_type and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
        for _ in range(random.randint(1, ITEMS_MAX)):
            name = scalar(key, random)
            if value.message_type:
                fill(target[name], random, depth + 1)
            else:
                target[name] = scalar(value, random)
    elif field.is_repeated:
        for _ in range(random.randint(1, ITEMS_MAX)):
            if field.message_type:
                fill(target.add(), random, depth + 1)
            else:
                target.append(scalar(field, random))
    elif field.message_type:
        target.SetInParent()
        fill(target, random, depth + 1)
    else:
        setattr(message, field.name, scalar(field, random))


def scalar(field, random):
    if field.type == Field.TYPE_ENUM:
        # A number that the contract does not know is a value of an open enum like any other.
        unknown = [] if field.enum_type.full_name == "google.protobuf.NullValue" or field.enum_type.is_closed else [99]
        return random.choice([value.number for value in field.enum_type.values] + unknown)
    return random.choice(SCALARS[field.type])


def timestamp(message, random):
    usual = int(datetime.datetime(2026, 11, 11, tzinfo=datetime.timezone.utc).timestamp())
    message.seconds = random.choice([0, -1, usual, SECONDS_MIN, SECONDS_MAX, -2_208_988_800])
    message.nanos = random.choice(NANOS)


def duration(message, random):
    sign = random.choice([1, -1])
    message.seconds = sign * random.choice([0, 1, 86_400, DURATION_SECONDS_MAX - 1])
    message.nanos = sign * random.choice(NANOS)


def mask(message, random):
    message.paths.extend(random.sample(PATHS, random.randint(0, len(PATHS))))


def value(message, random, depth=0):
    kinds = ["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"]
    kind = random.choice(kinds[:4] if depth >= DEPTH_MAX else kinds)
    if kind == "struct_value":
        struct(message.struct_value, random, depth + 1)
    elif kind == "list_value":
        message.list_value.SetInParent()
        values(message.list_value, random, depth + 1)
    elif kind == "number_value":
        message.number_value = random.choice(DOUBLES)
    elif kind == "null_value":
        message.null_value = 0
    else:
        setattr(message, kind, random.choice(TEXTS if kind == "string_value" else [True, False]))


def struct(message, random, depth=0):
    message.SetInParent()
    for _ in range(random.randint(0, ITEMS_MAX)):
        value(message.fields[random.choice(TEXTS)], random, depth)


def values(message, random, depth=0):
    for _ in range(random.randint(0, ITEMS_MAX)):
        value(message.values.add(), random, depth)


def anything(message, random):
    held = struct_pb2.Value()
    # No map, whose order in bytes is nobody's.
    value(held, random, DEPTH_MAX)
    held_any = any_pb2.Any()
    held_any.Pack(held)
    message.type_url, message.value = held_any.type_url, held_any.value


def finite(message, random):
    message.value = random.choice(FLOATS)


WELL_KNOWN = {
    # Beyond those the gateway's library writes null: no contract has such a field.
    "google.protobuf.FloatValue": finite,
    "google.protobuf.DoubleValue": finite,
    "google.protobuf.Timestamp": timestamp,
    "google.protobuf.Duration": duration,
    "google.protobuf.FieldMask": mask,
    "google.protobuf.Value": value,
    "google.protobuf.Struct": struct,
    "google.protobuf.ListValue": values,
    "google.protobuf.Any": anything,
}
