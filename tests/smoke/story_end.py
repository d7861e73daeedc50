"""A platform ends and begins again: nothing is lost, nothing changes."""

import queue

from binary import run
from calls import eventually
from world import step

from quanyu.points.v1 import points_service_pb2
from quanyu.tagging.v1 import activity_pb2, activity_service_pb2


@step
def a_second_process_on_the_same_folder_is_refused(world):
    outcome = run(world.binary, "up", "--folder", world.up.folder, "--listen", "127.0.0.1:0")
    assert outcome.returncode == 1 and "another process" in outcome.stderr, outcome


@step
def ctrl_c_finishes_the_stream_that_is_under_way(world):
    requests = queue.Queue()

    def activity(number):
        order = activity_pb2.Activity(
            channel_code="tmall", external_id="tb-1", source_id=number, activity_type="checked_in"
        )
        order.occur_time.GetCurrentTime()
        return activity_service_pb2.StreamActivitiesRequest(request_id=number, activity=order)

    answers = world.activities.StreamActivities(iter(requests.get, None))
    requests.put(activity("visit-1"))
    assert next(answers).request_id == "visit-1"
    world.up.signal("SIGINT")
    requests.put(activity("visit-2"))
    assert next(answers).request_id == "visit-2"
    requests.put(None)
    assert list(answers) == []
    assert world.up.wait() == 0


@step
def the_doctor_finds_it_healthy(world):
    outcome = run(world.binary, "doctor", "--folder", world.up.folder)
    assert outcome.returncode == 0 and "all is well" in outcome.stdout, outcome.stdout


@step
def a_restart_keeps_everything_and_shows_no_second_key(world):
    key, entries = world.key, f"/v1/members/{world.member}/entries?assetCode=points"
    up = world.start()
    assert up.key is None, up.said
    world.connect(key)
    assert world.balance() == 250
    assert len(world.rest.good("GET", entries)["entries"]) == 4
    timeline = world.rest.good("GET", f"/v1/members/{world.member}/activities")["activities"]
    assert {activity["sourceId"] for activity in timeline} == {"order-1", "order-2", "order-4", "visit-1", "visit-2"}
    request = points_service_pb2.RedeemPointsRequest(
        request_id="smoke-redeem", member_id=world.member, asset_code="points", amount=100, reference="gift-1"
    )
    assert world.points.RedeemPoints(request).entry.balance == 150, "the answer is the first one, for ever"


@step
def the_ledger_has_proven_itself_anew(world):
    def standing():
        proof = world.rest.good("GET", "/v1/reconciliation")["reconciliation"]
        wrong = [proof.get(name, "0") for name in ("disagreementCount", "sumDisagreementCount", "frozenCount")]
        return wrong, proof.get("sumsDisagreement", ""), "sumsCompareTime" in proof, "lastScratchEndTime" in proof

    eventually("accounts and sums are proven", (["0", "0", "0"], "", True, True), standing)


@step
def it_ends_well_when_it_is_asked_to_terminate(world):
    world.up.signal("SIGTERM")
    assert world.up.wait() == 0
