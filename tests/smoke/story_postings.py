"""Holds, adjustments, transfers, and many postings in one call or over one stream."""

import grpc

from calls import Rest, channel, refused
from world import once, step

from quanyu.points.v1 import adjustment_pb2, adjustment_service_pb2, adjustment_service_pb2_grpc
from quanyu.points.v1 import hold_pb2, hold_service_pb2, points_service_pb2, posting_service_pb2, transfer_service_pb2


def redeem(member, amount, request_id, asset_code="points"):
    return points_service_pb2.RedeemPointsRequest(
        request_id=request_id, member_id=member, asset_code=asset_code, amount=amount
    )


def earn(member, amount, request_id):
    return points_service_pb2.EarnPointsRequest(
        request_id=request_id, member_id=member, asset_code="points", amount=amount
    )


@step
def a_hold_is_captured_in_part_and_the_rest_comes_back(world):
    world.holder = world.arrive("holder")
    world.earn(world.holder, 100, "holder-earns")
    request = hold_service_pb2.HoldPointsRequest(
        request_id="hold-1", member_id=world.holder, asset_code="points", amount=70, ttl_seconds=600
    )
    hold = once(world.holds.HoldPoints, request).hold
    assert (hold.state, hold.amount, world.balance(world.holder)) == (hold_pb2.HOLD_STATE_HELD, 70, 30)
    code, reason, metadata, _ = refused(world.points.RedeemPoints, redeem(world.holder, 31, "too-much-held"))
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_POINTS"), metadata
    capture = hold_service_pb2.CaptureHoldRequest(request_id="capture-1", hold_id=hold.hold_id, amount=45)
    captured = once(world.holds.CaptureHold, capture)
    assert (captured.entry.amount, captured.entry.balance) == (-45, 55)
    assert (captured.hold.state, captured.hold.captured_amount) == (hold_pb2.HOLD_STATE_CAPTURED, 45)
    assert world.balance(world.holder) == 55
    read = world.rest.good("GET", f"/v1/holds/{hold.hold_id}")["hold"]
    assert (read["state"], read["capturedAmount"]) == ("HOLD_STATE_CAPTURED", "45"), read


@step
def a_hold_is_released_over_rest_and_cannot_be_captured_any_more(world):
    body = {"requestId": "hold-2", "assetCode": "points", "amount": "55", "ttlSeconds": 600}
    path = f"/v1/members/{world.holder}/points:hold"
    hold = world.rest.good("POST", path, body)["hold"]
    assert world.rest.good("POST", path, body)["hold"] == hold and world.balance(world.holder) == 0
    open_holds = world.rest.good("GET", f"/v1/members/{world.holder}/holds?assetCode=points&openOnly=true")["holds"]
    assert [it["holdId"] for it in open_holds] == [hold["holdId"]], open_holds
    release = f"/v1/holds/{hold['holdId']}:release"
    released = world.rest.good("POST", release, {"requestId": "release-2"})
    assert released["hold"]["state"] == "HOLD_STATE_RELEASED", released
    assert world.rest.good("POST", release, {"requestId": "release-2"}) == released
    assert world.balance(world.holder) == 55
    capture = hold_service_pb2.CaptureHoldRequest(request_id="capture-2", hold_id=hold["holdId"], amount=1)
    code, _, _, _ = refused(world.holds.CaptureHold, capture)
    assert code == grpc.StatusCode.FAILED_PRECONDITION


@step
def an_adjustment_waits_for_a_second_principal(world):
    request = adjustment_service_pb2.CreateAdjustmentRequest(
        request_id="adjust-1", member_id=world.holder, asset_code="points", amount=500, reason_code="service_recovery"
    )
    made = once(world.adjustments.CreateAdjustment, request)
    assert made.adjustment.state == adjustment_pb2.ADJUSTMENT_STATE_PENDING and not made.HasField("entry")
    assert world.balance(world.holder) == 55
    approval = adjustment_service_pb2.ApproveAdjustmentRequest(
        request_id="approve-1", adjustment_id=made.adjustment.adjustment_id
    )
    code, reason, _, _ = refused(world.adjustments.ApproveAdjustment, approval)
    assert reason == "ADJUSTMENT_NEEDS_ANOTHER", (code, reason)
    body = {"requestId": "second-key", "displayName": "second", "scopes": ["points.approve", "points.read"]}
    world.second_key = world.rest.good("POST", "/v1/api-keys", body)["secret"]
    second = adjustment_service_pb2_grpc.AdjustmentServiceStub(channel(world.up.address, world.second_key))
    code, reason, _, _ = refused(second.CreateAdjustment, request)
    assert code == grpc.StatusCode.PERMISSION_DENIED, reason
    approval.request_id = "approve-2"
    approved = once(second.ApproveAdjustment, approval)
    assert approved.adjustment.state == adjustment_pb2.ADJUSTMENT_STATE_POSTED
    assert approved.adjustment.creator != approved.adjustment.decider
    assert (approved.entry.amount, approved.entry.balance, world.balance(world.holder)) == (500, 555, 555)


@step
def an_adjustment_is_rejected_over_rest_and_nothing_is_posted(world):
    path = f"/v1/members/{world.holder}/adjustments"
    body = {"requestId": "adjust-2", "assetCode": "points", "amount": "-55", "reasonCode": "mistake"}
    made = world.rest.good("POST", path, body)["adjustment"]
    second = Rest(world.up.address, world.second_key)
    waiting = second.good("GET", "/v1/adjustments?state=ADJUSTMENT_STATE_PENDING")["adjustments"]
    assert [it["adjustmentId"] for it in waiting] == [made["adjustmentId"]], waiting
    reject = f"/v1/adjustments/{made['adjustmentId']}:reject"
    rejected = second.good("POST", reject, {"requestId": "reject-2"})
    assert rejected["adjustment"]["state"] == "ADJUSTMENT_STATE_REJECTED", rejected
    assert second.good("POST", reject, {"requestId": "reject-2"}) == rejected
    assert world.balance(world.holder) == 555


@step
def a_gift_goes_from_member_to_member(world):
    world.friend = world.arrive("friend")
    request = transfer_service_pb2.TransferPointsRequest(
        request_id="gift-1", member_id=world.holder, to_member_id=world.friend, asset_code="points", amount=55
    )
    given = once(world.transfers.TransferPoints, request)
    assert (given.out_entry.amount, given.in_entry.amount) == (-55, 55)
    assert (world.balance(world.holder), world.balance(world.friend)) == (500, 55)


@step
def a_batch_posts_what_it_can_and_says_what_it_refused(world):
    posting = posting_service_pb2.Posting
    request = posting_service_pb2.PostBatchRequest(
        postings=[
            posting(earn=earn(world.friend, 20, "batch-earn")),
            posting(redeem=redeem(world.friend, 1_000, "batch-too-much")),
            posting(redeem=redeem(world.friend, 75, "batch-redeem")),
            posting(
                hold=hold_service_pb2.HoldPointsRequest(
                    request_id="batch-hold", member_id=world.holder, asset_code="points", amount=100, ttl_seconds=600
                )
            ),
            posting(redeem=redeem(world.friend, -1, "batch-wrong")),
        ]
    )
    answer = world.postings.PostBatch(request)
    kinds = [result.WhichOneof("outcome") for result in answer.results]
    assert kinds == ["earn", "refusal", "redeem", "hold", "refusal"], kinds
    assert (answer.posted_count, answer.refused_count) == (3, 2)
    assert [answer.results[1].refusal.reason, answer.results[4].refusal.reason] == ["INSUFFICIENT_POINTS", "INVALID_FIELD"]
    assert (world.balance(world.friend), world.balance(world.holder)) == (0, 400)
    again = world.postings.PostBatch(request)
    posted = [0, 2, 3]
    assert [again.results[it] for it in posted] == [answer.results[it] for it in posted]
    assert (world.balance(world.friend), world.balance(world.holder)) == (0, 400)
    release = hold_service_pb2.ReleaseHoldRequest(request_id="batch-release", hold_id=answer.results[3].hold.hold.hold_id)
    once(world.holds.ReleaseHold, release)
    assert world.balance(world.holder) == 500


@step
def a_batch_that_is_all_or_nothing_posts_nothing_when_one_is_refused(world):
    postings = [
        {"redeem": {"requestId": "all-1", "memberId": world.holder, "assetCode": "points", "amount": "1"}},
        {"redeem": {"requestId": "all-2", "memberId": world.holder, "assetCode": "points", "amount": "1000"}},
    ]
    answer = world.rest.good("POST", "/v1/postings:batchPost", {"postings": postings, "allOrNothing": True})
    assert answer.get("postedCount", 0) == 0 and answer["refusedCount"] == 2, answer
    assert world.balance(world.holder) == 500
    postings[1]["redeem"]["amount"] = "9"
    body = {"postings": postings, "allOrNothing": True}
    answer = world.rest.good("POST", "/v1/postings:batchPost", body)
    assert answer["postedCount"] == 2 and world.rest.good("POST", "/v1/postings:batchPost", body) == answer
    assert world.balance(world.holder) == 490


@step
def a_stream_answers_each_posting_in_order(world):
    def requests():
        for number in range(50):
            posting = posting_service_pb2.Posting(redeem=redeem(world.holder, 1, f"stream-{number}"))
            yield posting_service_pb2.PostStreamRequest(posting=posting)

    results = [answer.result for answer in world.postings.PostStream(requests())]
    assert [result.request_id for result in results] == [f"stream-{number}" for number in range(50)]
    assert [result.redeem.entry.balance for result in results] == [489 - number for number in range(50)]
    assert [answer.result for answer in world.postings.PostStream(requests())] == results
    assert world.balance(world.holder) == 440


@step
def a_stream_over_rest_is_a_line_for_each_posting(world):
    def line(number, amount):
        fields = {"requestId": f"lines-{number}", "memberId": world.holder, "assetCode": "points", "amount": amount}
        return {"posting": {"redeem": fields}}

    lines = [line(1, "15"), line(2, "1000"), line(3, "25")]
    status, answers = world.rest.lines("POST", "/v1/postings:stream", lines)
    results = [answer["result"] for answer in answers]
    assert status == 200 and [result["requestId"] for result in results] == ["lines-1", "lines-2", "lines-3"], answers
    assert results[0]["redeem"]["entry"]["balance"] == "425" and results[2]["redeem"]["entry"]["balance"] == "400", results
    assert results[1]["refusal"]["reason"] == "INSUFFICIENT_POINTS", results[1]
    assert world.rest.lines("POST", "/v1/postings:stream", [lines[0], lines[2]])[1] == [answers[0], answers[2]]
    assert world.balance(world.holder) == 400
