"""Two members turn out to be one, and then not."""

from calls import eventually
from world import once, step

from quanyu.identity.v1 import member_service_pb2


@step
def points_go_with_a_merge_and_come_back_with_its_undo(world):
    one, other = world.arrive("merge-one"), world.arrive("merge-other")
    world.earn(one, 70, "one-earns")
    world.earn(other, 30, "other-earns")
    request = member_service_pb2.MergeMembersRequest(
        request_id="merge-1", member_id=one, other_member_id=other, accept_conflicts=True
    )
    merged = once(world.members.MergeMembers, request)
    survivor, absorbed = merged.member.member_id, merged.absorbed_member_id
    assert {survivor, absorbed} == {one, other}
    eventually("the points of both", 100, lambda: world.balance(survivor))
    path = f"/v1/members/{absorbed}:undoMerge"
    body = {"requestId": "undo-1", "comment": "two people"}
    undone = world.rest.good("POST", path, body)
    assert undone["member"]["memberId"] == absorbed, undone
    assert world.rest.good("POST", path, body) == undone
    amounts = {one: 70, other: 30}
    eventually("each has their own", (amounts[survivor], amounts[absorbed]), lambda: (
        world.balance(survivor), world.balance(absorbed)
    ))
