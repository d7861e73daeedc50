"""A family shares its points."""

import grpc

from calls import refused
from world import once, step

from quanyu.points.v1 import pool_pb2, pool_service_pb2


def pool_balance(world):
    request = pool_service_pb2.GetPoolRequest(pool_id=world.pool)
    return world.pools.GetPool(request).pool.balance.available


@step
def a_pool_is_created_and_a_member_joins_who_was_invited(world):
    world.mother, world.child = world.arrive("mother"), world.arrive("child")
    world.earn(world.mother, 200, "mother-earns")
    world.earn(world.child, 40, "child-earns")
    request = pool_service_pb2.CreatePoolRequest(
        request_id="pool-1",
        asset_code="points",
        owner_member_id=world.mother,
        display_name="Home",
        redeem_policy=pool_pb2.POOL_REDEEM_POLICY_MEMBERS,
        members_max=2,
    )
    world.pool = once(world.pools.CreatePool, request).pool.pool_id
    join = pool_service_pb2.JoinPoolRequest(request_id="join-early", pool_id=world.pool, member_id=world.child)
    code, reason, _, _ = refused(world.pools.JoinPool, join)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "POOL_MEMBERSHIP_REQUIRED")
    invite = pool_service_pb2.InvitePoolMemberRequest(request_id="invite-1", pool_id=world.pool, member_id=world.child)
    invited = once(world.pools.InvitePoolMember, invite).pool
    assert [it.HasField("join_time") for it in invited.members] == [True, False], invited
    join.request_id = "join-1"
    joined = once(world.pools.JoinPool, join).pool
    assert {it.member_id for it in joined.members if it.HasField("join_time")} == {world.mother, world.child}
    pools = world.rest.good("GET", f"/v1/members/{world.child}/pools")["pools"]
    assert [it["poolId"] for it in pools] == [world.pool], pools


@step
def what_is_contributed_is_spent_by_any_member_and_given_back_to_the_pool(world):
    for member, amount in ((world.mother, 150), (world.child, 40)):
        request = pool_service_pb2.ContributePointsRequest(
            request_id=f"give-{amount}", pool_id=world.pool, member_id=member, amount=amount
        )
        given = once(world.pools.ContributePoints, request)
        assert (given.out_entry.amount, given.in_entry.amount) == (-amount, amount)
    assert (pool_balance(world), world.balance(world.mother), world.balance(world.child)) == (190, 50, 0)
    body = {"requestId": "pool-redeem", "memberId": world.child, "amount": "60", "reference": "cinema"}
    path = f"/v1/pools/{world.pool}/points:redeem"
    spent = world.rest.good("POST", path, body)["entry"]
    assert (spent["amount"], spent["balance"], spent["actingMemberId"]) == ("-60", "130", world.child), spent
    assert world.rest.good("POST", path, body)["entry"] == spent
    reverse = pool_service_pb2.ReversePoolPointsRequest(
        request_id="pool-reverse", pool_id=world.pool, entry_id=spent["entryId"], amount=25
    )
    back = once(world.pools.ReversePoolPoints, reverse)
    assert (back.entry.amount, back.balance, back.reversible_amount) == (25, 155, 35), back
    too_much = pool_service_pb2.ReversePoolPointsRequest(
        request_id="pool-reverse-more", pool_id=world.pool, entry_id=spent["entryId"], amount=36
    )
    assert refused(world.pools.ReversePoolPoints, too_much)[1] == "REVERSAL_EXCEEDS_ENTRY"
    assert pool_balance(world) == 155
    entries = world.rest.good("GET", f"/v1/pools/{world.pool}/entries")["entries"]
    assert [it["amount"] for it in entries] == ["25", "-60", "40", "150"], entries


@step
def a_pool_that_is_dissolved_leaves_the_rest_to_its_owner(world):
    request = pool_service_pb2.DissolvePoolRequest(request_id="dissolve-1", pool_id=world.pool)
    dissolved = once(world.pools.DissolvePool, request)
    assert dissolved.pool.HasField("dissolve_time") and world.balance(world.mother) == 205
    late = pool_service_pb2.RedeemPoolPointsRequest(
        request_id="pool-late", pool_id=world.pool, member_id=world.child, amount=1
    )
    code, reason, _, _ = refused(world.pools.RedeemPoolPoints, late)
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "POOL_DISSOLVED")
