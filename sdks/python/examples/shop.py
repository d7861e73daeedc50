"""A shop and its members: a customer is recognised, an order earns points, points pay, an order is refunded.

    QUANYU_ADDRESS=http://127.0.0.1:7400 QUANYU_API_KEY=qy_... python examples/shop.py

The channel "shop" and the asset "points" are there.
"""

import os

from quanyu import Client, QuanyuError, money, money_text
from quanyu.identity import IDENTITY_KIND_PHONE, PROOF_PLATFORM, Arrival, Evidence, ResolveMemberRequest
from quanyu.points import EarnPointsRequest, GetBalanceRequest, RedeemPointsRequest, ReversePointsRequest

with Client(os.environ.get("QUANYU_ADDRESS", "http://127.0.0.1:7400"), os.environ["QUANYU_API_KEY"]) as quanyu:
    # However often they come and through whichever channel, it is one member.
    phone = Evidence(kind=IDENTITY_KIND_PHONE, value="138 0000 0001", proof=PROOF_PLATFORM)
    arrival = Arrival(channel_code="shop", external_id="customer-1", evidence=[phone])
    member_id = quanyu.members.resolve_member(ResolveMemberRequest(arrival=arrival)).resolution.member_id
    print(f"customer-1 is {member_id}")

    # A request id that follows from the order makes the order earn once, even if the shop loses its power in between.
    # Where none is given, the client makes one, and keeps it over the attempts of that call.
    paid = money("199.00", "CNY")
    earned = quanyu.points.earn_points(
        EarnPointsRequest(
            request_id="earn-order-1",
            member_id=member_id,
            asset_code="points",
            amount=paid.minor_units // 100,
            reference="order-1",
        )
    )
    print(f"an order of {money_text(paid)} {paid.currency_code} earned {earned.entry.amount}")

    payment = RedeemPointsRequest(member_id=member_id, asset_code="points", amount=50, reference="order-2")
    redeemed = quanyu.points.redeem_points(payment)
    print(f"order-2 was paid with {-redeemed.entry.amount}")

    try:
        quanyu.points.redeem_points(RedeemPointsRequest(member_id=member_id, asset_code="points", amount=1_000_000))
    except QuanyuError as error:
        if error.reason != "INSUFFICIENT_POINTS":
            raise
        print(f"order-3 was not: {error.metadata['available']} are there")

    # The customer brings back part of order-2: the very points that paid come back.
    quanyu.points.reverse_points(
        ReversePointsRequest(member_id=member_id, entry_id=redeemed.entry.entry_id, amount=20, reference="refund-1")
    )
    answer = quanyu.points.get_balance(GetBalanceRequest(member_id=member_id, asset_code="points"))
    print(f"{answer.balance.available} are left")
