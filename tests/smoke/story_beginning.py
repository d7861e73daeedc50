"""A platform begins: its start, its probes, its contracts, a channel, a rule, a member, points, keys, imports."""

import csv
import os
import subprocess

import grpc

import openapi
from binary import run
from calls import Rest, channel, eventually, refused
from world import step

from quanyu.identity.v1 import channel_pb2, channel_service_pb2, identity_pb2
from quanyu.identity.v1 import member_service_pb2, member_service_pb2_grpc, resolution_pb2
from quanyu.points.v1 import earning_rule_pb2, earning_rule_service_pb2, points_service_pb2
from quanyu.tagging.v1 import activity_pb2, activity_service_pb2
from quanyu.type.v1 import money_pb2


@step
def it_starts_and_shows_the_first_key(world):
    up = world.start()
    assert up.key, up.said
    world.connect(up.key)
    # Told, not asserted: how long it takes is the machine's as well.
    print(f"      ready in {up.ready_ms} ms", flush=True)


@step
def what_it_invites_to_copy_works(world):
    assert len(world.up.examples) >= 4, world.up.said
    for example in world.up.examples:
        command = example.replace("curl -s ", "curl -s --fail-with-body ")
        outcome = subprocess.run(
            command, shell=True, capture_output=True, text=True, env={**os.environ, "QUANYU_API_KEY": world.key}, timeout=30
        )
        assert outcome.returncode == 0, f"{example}: {outcome.stdout} {outcome.stderr}"


@step
def it_is_healthy_for_probes_of_every_kind(world):
    assert world.anonymous.get("/healthz") == (200, {"status": "SERVING"})
    assert world.anonymous.get("/readyz") == (200, {"status": "SERVING"})
    outcome = subprocess.run(
        ["grpcurl", "-plaintext", world.up.address, "grpc.health.v1.Health/Check"], capture_output=True, text=True
    )
    assert "SERVING" in outcome.stdout, outcome.stderr
    admin = Rest(world.up.admin)
    assert admin.get("/healthz")[0] == 200 and admin.get("/readyz")[0] == 200
    assert "quanyu" in admin.get("/metrics")[1]


@step
def reflection_lists_and_describes_the_services(world):
    ask = ["grpcurl", "-plaintext", world.up.address]
    listed = subprocess.run([*ask, "list"], capture_output=True, text=True, check=True).stdout.split()
    for service in ("identity.v1.MemberService", "points.v1.PointsService", "campaign.v1.JourneyService"):
        assert f"quanyu.{service}" in listed, listed
    assert not [service for service in listed if "internal" in service], listed
    method = "quanyu.points.v1.PointsService.RedeemPoints"
    described = subprocess.run([*ask, "describe", method], capture_output=True, text=True, check=True).stdout
    assert "RedeemPointsRequest" in described, described


@step
def the_openapi_document_is_valid_and_complete(world):
    status, document = world.anonymous.get("/openapi.json")
    assert status == 200
    assert openapi.check(document) > 50


@step
def a_channel_is_created_once(world):
    request = channel_service_pb2.CreateChannelRequest(
        request_id="smoke-channel",
        channel=channel_pb2.Channel(
            channel_code="tmall", kind=channel_pb2.CHANNEL_KIND_TMALL, display_name="Online", trust_rank=100
        ),
    )
    first = world.channels.CreateChannel(request)
    assert world.channels.CreateChannel(request) == first
    assert world.rest.good("GET", "/v1/channels/tmall")["channel"]["displayName"] == "Online"
    mini = {"channelCode": "wechat_mini", "kind": "CHANNEL_KIND_WECHAT_MINI", "displayName": "Mini program", "trustRank": 90}
    world.rest.good("POST", "/v1/channels", {"requestId": "smoke-mini", "channel": mini})


@step
def an_asset_and_a_rule_are_created_over_rest(world):
    asset = {"kind": "ASSET_KIND_POINTS", "expiryPolicy": {"afterDays": {"days": 365}}, "utcOffsetMinutes": 480}
    body = {"requestId": "smoke-asset", "code": "points", "asset": asset}
    assert world.rest.good("POST", "/v1/assets", body)["asset"]["code"] == "points"
    rule = {
        "state": "EARNING_RULE_STATE_ACTIVE",
        "assetCode": "points",
        "activityTypes": ["order_paid"],
        "condition": "activity.amount >= 1000",
        "amountFormula": "activity.amount / 100",
        "currencyCode": "CNY",
    }
    body = {"requestId": "smoke-rule", "code": "per_yuan", "earningRule": rule}
    assert world.rest.good("POST", "/v1/earning-rules", body)["earningRule"]["version"] == 1


@step
def a_rule_that_names_an_unknown_field_is_refused_with_its_place(world):
    rule = earning_rule_pb2.EarningRule(
        state=earning_rule_pb2.EARNING_RULE_STATE_ACTIVE,
        asset_code="points",
        activity_types=["order_paid"],
        condition="activity.amonut > 1",
        amount_formula="1",
    )
    request = earning_rule_service_pb2.CreateEarningRuleRequest(request_id="wrong", code="wrong", earning_rule=rule)
    code, reason, _, fields = refused(world.rules.CreateEarningRule, request)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert fields == ["earning_rule.condition"], fields


@step
def a_person_of_two_channels_is_one_member(world):
    phone = identity_pb2.Evidence(
        kind=identity_pb2.IDENTITY_KIND_PHONE, value="138 0000 0001", proof=identity_pb2.PROOF_PLATFORM
    )
    arrival = resolution_pb2.Arrival(channel_code="tmall", external_id="tb-1", evidence=[phone])
    request = member_service_pb2.ResolveMemberRequest(request_id="smoke-resolve", arrival=arrival)
    world.member = world.members.ResolveMember(request).resolution.member_id
    assert world.member.startswith("mbr_")
    evidence = {"kind": "IDENTITY_KIND_PHONE", "value": "+86 13800000001", "proof": "PROOF_PLATFORM"}
    arrival = {"channelCode": "wechat_mini", "externalId": "openid-1", "evidence": [evidence]}
    answer = world.rest.good("POST", "/v1/members:resolve", {"requestId": "smoke-mini", "arrival": arrival})
    assert answer["resolution"]["memberId"] == world.member, answer


@step
def an_order_earns_points_by_rule_with_nobody_calling(world):
    order = activity_pb2.Activity(
        channel_code="tmall",
        external_id="tb-1",
        source_id="order-1",
        activity_type="order_paid",
        amount=money_pb2.Money(currency_code="CNY", minor_units=25_000),
    )
    order.occur_time.GetCurrentTime()
    request = activity_service_pb2.RecordActivitiesRequest(request_id="smoke-order", activities=[order])
    assert world.activities.RecordActivities(request).recorded_count == 1
    eventually("the points of the order", 250, world.balance)


@step
def points_are_redeemed_once_however_often_it_is_asked(world):
    request = points_service_pb2.RedeemPointsRequest(
        request_id="smoke-redeem", member_id=world.member, asset_code="points", amount=100, reference="gift-1"
    )
    first = world.points.RedeemPoints(request)
    assert (first.entry.amount, first.entry.balance) == (-100, 150)
    for _ in range(3):
        assert world.points.RedeemPoints(request) == first
    # The same request over REST is the same request.
    body = {"requestId": "smoke-redeem", "assetCode": "points", "amount": "100", "reference": "gift-1"}
    answer = world.rest.good("POST", f"/v1/members/{world.member}/points:redeem", body)
    assert answer["entry"]["entryId"] == first.entry.entry_id
    assert world.balance() == 150
    request.amount = 101
    code, reason, metadata, _ = refused(world.points.RedeemPoints, request)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"), metadata


@step
def a_refusal_says_the_same_in_grpc_and_rest(world):
    request = points_service_pb2.RedeemPointsRequest(
        request_id="too-much", member_id=world.member, asset_code="points", amount=1_000
    )
    code, reason, metadata, _ = refused(world.points.RedeemPoints, request)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_POINTS")
    assert (metadata["available"], metadata["requested"]) == ("150", "1000")
    body = {"requestId": "too-much", "assetCode": "points", "amount": "1000"}
    status, answer = world.rest.post(f"/v1/members/{world.member}/points:redeem", body)
    assert status == 400 and answer["code"] == 9, answer
    info = next(detail for detail in answer["details"] if detail["@type"].endswith("google.rpc.ErrorInfo"))
    assert info["reason"] == "INSUFFICIENT_POINTS" and info["domain"] == "quanyu.points", info
    assert info["metadata"] == metadata


@step
def every_field_that_is_wrong_is_told_at_once(world):
    request = points_service_pb2.RedeemPointsRequest(member_id=world.member, asset_code="No Code", amount=-1)
    code, reason, _, fields = refused(world.points.RedeemPoints, request)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert sorted(fields) == ["amount", "asset_code", "request_id"], fields
    status, answer = world.rest.post(f"/v1/members/{world.member}/points:redeem", {"assetCode": "No Code", "amount": "-1"})
    bad = next(detail for detail in answer["details"] if detail["@type"].endswith("google.rpc.BadRequest"))
    assert status == 400 and len(bad["fieldViolations"]) == 3, answer


@step
def without_a_key_nothing_opens(world):
    status, answer = world.anonymous.get(f"/v1/members/{world.member}")
    assert status == 401 and answer["code"] == 16, answer
    stub = member_service_pb2_grpc.MemberServiceStub(channel(world.up.address))
    code, reason, _, _ = refused(stub.GetMember, member_service_pb2.GetMemberRequest(member_id=world.member))
    assert (code, reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")


@step
def a_key_opens_what_its_scopes_say_until_it_is_revoked(world):
    body = {"requestId": "smoke-key", "displayName": "read only", "scopes": ["points.read"]}
    answer = world.rest.good("POST", "/v1/api-keys", body)
    reader = Rest(world.up.address, answer["secret"])
    balance = f"/v1/members/{world.member}/balances/points"
    assert reader.get(balance)[0] == 200
    assert reader.post(f"/v1/members/{world.member}/points:redeem", {"requestId": "r"})[0] == 403
    key_id = answer["apiKey"]["apiKeyId"]
    world.rest.good("POST", f"/v1/api-keys/{key_id}:revoke", {"requestId": "smoke-revoke"})
    eventually("the revoked key", 401, lambda: reader.get(balance)[0])


@step
def members_are_imported_and_bad_rows_are_given_back_with_reasons(world):
    path = os.path.join(world.folder, "members.csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["channel_code", "external_id", "phone", "name", "birth_date"])
        rows.writerow(["tmall", "tb-100", "13900000100", "王小明", "1990-02-28"])
        rows.writerow(["tmall", "tb-101", "", "Li", "1990-02-31"])
        rows.writerow(["nowhere", "x-1", "", "", ""])
        rows.writerow(["tmall", "tb-102", "13900000102", "", ""])
    arguments = ["import", "members", path, "--address", world.up.address]
    outcome = run(world.binary, *arguments, QUANYU_API_KEY=world.key)
    assert outcome.returncode == 2, f"{outcome.returncode} {outcome.stdout} {outcome.stderr}"
    with open(f"{path}.rejected.csv", newline="", encoding="utf-8-sig") as file:
        rejected = list(csv.DictReader(file))
    assert [row["external_id"] for row in rejected] == ["tb-101", "x-1"], rejected
    assert "birth_date" in rejected[0]["quanyu.reasons"] and "channel" in rejected[1]["quanyu.reasons"], rejected
    for external_id, known in (("tb-100", True), ("tb-101", False), ("tb-102", True)):
        query = f"/v1/members:lookUp?kind=IDENTITY_KIND_EXTERNAL_ID&channelCode=tmall&value={external_id}"
        assert (world.rest.get(query)[0] == 200) == known, external_id
    # Once more from the beginning: nobody is registered twice.
    count = lambda: len(world.rest.good("GET", "/v1/members?pageSize=500")["members"])
    before = count()
    for name in os.listdir(world.folder):
        if "quanyu-import" in name:
            os.remove(os.path.join(world.folder, name))
    run(world.binary, *arguments, QUANYU_API_KEY=world.key)
    assert count() == before


@step
def activities_are_imported_from_json_lines(world):
    path = os.path.join(world.folder, "activities.jsonl")
    line = (
        '{"sourceId": "%s", "activityType": "order_paid", "channelCode": "tmall", "externalId": "%s",'
        ' "occurTime": "2026-01-01T00:00:00Z", "amount": {"currencyCode": "CNY", "minorUnits": "5000"}}\n'
    )
    with open(path, "w", encoding="utf-8") as file:
        file.write(line % ("order-2", "tb-1") + line % ("order-3", "nobody") + line % ("order-4", "tb-1") + "{no json\n")
    outcome = run(world.binary, "import", "activities", path, "--address", world.up.address, "--key", world.key)
    assert outcome.returncode == 2, f"{outcome.returncode} {outcome.stdout} {outcome.stderr}"
    eventually("the points of the imported orders", 250, world.balance)
