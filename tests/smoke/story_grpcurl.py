"""What a tool finds out by reflection alone: grpcurl lists, describes and calls, and shows errors with their details."""

import json
import subprocess

from world import step


def grpcurl(world, *arguments, key=True, data=None):
    """The exit code, and what it said on both ways."""
    command = ["grpcurl", "-plaintext", "-max-time", "20"]
    command += ["-H", f"authorization: Bearer {world.key}"] if key else []
    command += ["-d", data] if data is not None else []
    at = next((place for place, argument in enumerate(arguments) if not argument.startswith("-")), len(arguments))
    command += [*arguments[:at], world.up.address, *arguments[at:]]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return outcome.returncode, outcome.stdout + outcome.stderr


def good(world, *arguments, **options):
    code, said = grpcurl(world, *arguments, **options)
    assert code == 0, f"{arguments}: {said}"
    return said


@step
def grpcurl_lists_and_describes_with_comments_and_addresses(world):
    service = "quanyu.identity.v1.ChannelService"
    assert f"{service}.CreateChannel" in good(world, "list", service).split()
    for what, told in {
        service: ["service ChannelService", "// ", 'option (.google.api.http) = { post:"/v1/channels" body:"*"  };'],
        f"{service}.CreateChannel": ["rpc CreateChannel", "// ", "option idempotency_level = IDEMPOTENT;"],
        "quanyu.identity.v1.CreateChannelRequest": ["// The caller's id of this request", "max_len:128"],
        "quanyu.type.v1.ErrorReason": ["ERROR_REASON_ENCODING_UNSUPPORTED = 16", "// Never sent."],
    }.items():
        said = good(world, "describe", what, key=False)
        assert all(words in said for words in told), f"{what}: {said}"
    template = good(world, "-msg-template", "describe", "quanyu.identity.v1.CreateChannelRequest")
    assert '"kind": "CHANNEL_KIND_UNSPECIFIED"' in template, template


@step
def grpcurl_knows_the_details_of_errors(world):
    for message in ("ErrorInfo", "BadRequest", "RetryInfo", "Status"):
        said = good(world, "describe", f"google.rpc.{message}", key=False)
        assert f"message {message}" in said, said
    code, said = grpcurl(
        world, "-format-error", "quanyu.identity.v1.ChannelService/CreateChannel", data='{"request_id": ""}'
    )
    error = json.loads(said)
    details = {detail["@type"].rsplit(".", 1)[-1]: detail for detail in error["details"]}
    # grpcurl's own exit codes: 64 and the code of the status.
    assert code == 64 + error["code"] == 67, said
    assert details["ErrorInfo"]["reason"] == "INVALID_FIELD" and details["ErrorInfo"]["domain"] == "quanyu", said
    assert "request_id" in [violation["field"] for violation in details["BadRequest"]["fieldViolations"]], said
    code, said = grpcurl(world, "quanyu.identity.v1.ChannelService/ListChannels", key=False)
    assert code == 64 + 16 and "UNAUTHENTICATED" in said, said
    code, said = grpcurl(world, "quanyu.identity.v1.ChannelService/GetChannel", data='{"channel_code": "no"}')
    assert code == 64 + 5 and "NOT_FOUND" in said, said


@step
def grpcurl_calls_methods_and_streams(world):
    listed = json.loads(good(world, "quanyu.identity.v1.ChannelService/ListChannels"))
    assert "tmall" in [channel["channelCode"] for channel in listed["channels"]], listed
    # A message that is refused, for what it holds or for its own id, does not end a stream.
    ids = ["1", "a\0b", "", "3"]
    messages = [{"request_id": request_id, "activity": {}} for request_id in ids]
    results = streamed(world, "quanyu.tagging.v1.ActivityService/StreamActivities", messages)
    assert [answer.get("requestId", "") for answer in results] == ids, results
    assert all(answer["result"]["outcome"] == "ACTIVITY_OUTCOME_REFUSED" for answer in results), results
    messages = [{"posting": {"earn": {"request_id": request_id}}} for request_id in ids]
    results = streamed(world, "quanyu.points.v1.PostingService/PostStream", messages)
    assert [answer["result"].get("requestId", "") for answer in results] == ids, results
    assert all(answer["result"]["refusal"]["reason"] == "INVALID_FIELD" for answer in results), results


def streamed(world, method, messages):
    """What is answered to the messages of a stream."""
    decoder, answers = json.JSONDecoder(), []
    rest = good(world, method, data=" ".join(map(json.dumps, messages))).strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].strip()
    return answers
