"""What an accountant reads: balances of then, what is owed, settled and broken, why something was earned, the proof."""

import time

import grpc

from calls import refused
from world import once, step

from quanyu.points.v1 import earning_rule_pb2, earning_rule_service_pb2, export_service_pb2, ledger_service_pb2
from quanyu.points.v1 import points_service_pb2, statement_service_pb2
from quanyu.tagging.v1 import activity_pb2
from quanyu.type.v1 import money_pb2

DAY_SECONDS = 86_400


@step
def a_balance_is_told_as_it_was_after_each_entry(world):
    asset = {"kind": "ASSET_KIND_POINTS", "expiryPolicy": {"afterDays": {"days": 365}}, "utcOffsetMinutes": 480}
    world.rest.good("POST", "/v1/assets", {"requestId": "stars", "code": "stars", "asset": asset})
    world.reader = world.arrive("reader")
    soon = int(time.time()) + 30 * DAY_SECONDS
    first = world.earn(world.reader, 100, "stars-1", asset_code="stars", cost_centre="store-a", expire_time={"seconds": soon})
    world.earn(world.reader, 50, "stars-2", asset_code="stars", cost_centre="store-b")
    request = points_service_pb2.RedeemPointsRequest(
        request_id="stars-3", member_id=world.reader, asset_code="stars", amount=120, cost_centre="store-c"
    )
    spent = once(world.points.RedeemPoints, request).entry
    world.spent_month = time.strftime("%Y-%m", time.gmtime(spent.post_time.seconds + 8 * 3_600))
    reverse = points_service_pb2.ReversePointsRequest(
        request_id="stars-4", member_id=world.reader, entry_id=spent.entry_id, amount=30
    )
    assert once(world.points.ReversePoints, reverse).balance == 60
    for moment, expected in ((first.post_time, (100, 1)), (spent.post_time, (30, 3))):
        ask = statement_service_pb2.GetBalanceAsOfRequest(
            member_id=world.reader, asset_code="stars", as_of_time=moment
        )
        then = once(world.statements.GetBalanceAsOf, ask)
        assert (then.balance, then.sequence) == expected, then
    before = f"/v1/members/{world.reader}/balances/stars/as-of?asOfTime=2020-01-01T00:00:00Z"
    assert world.rest.good("GET", before).get("balance", "0") == "0"


@step
def what_expires_when_is_listed_by_month(world):
    listed = world.rest.good("GET", f"/v1/members/{world.reader}/accounts/stars/expirations?months=24")
    amounts = [int(month.get("amount", "0")) for month in listed["months"]]
    assert sum(amounts) == 60 and len(amounts) == 24, listed
    statement = world.rest.good("GET", f"/v1/members/{world.reader}/accounts/stars/statement")
    assert statement["closingBalance"] == "60" and len(statement["entries"]) == 4, statement


@step
def what_is_owed_settled_and_broken_adds_up(world):
    liability = once(world.ledger.GetLiability, ledger_service_pb2.GetLiabilityRequest(asset_code="stars"))
    figures = (liability.issued, liability.redeemed, liability.returned, liability.outstanding, liability.entry_count)
    assert figures == (150, 120, 30, 60, 4), liability
    owed = world.rest.good("GET", "/v1/assets/stars/liabilities")["liabilities"]
    assert sum(int(it["outstanding"]) for it in owed) == 60, owed
    assert {it["costCentre"] for it in owed} <= {"store-a", "store-b"}, owed
    request = ledger_service_pb2.ListSettlementsRequest(asset_code="stars", start_month=world.spent_month)
    settled = once(world.ledger.ListSettlements, request).settlements
    by_store = {it.issued_by: (it.redeemed_at, it.redeemed) for it in settled}
    assert by_store == {"store-a": ("store-c", 100), "store-b": ("store-c", 20)}, settled
    assert (sum(it.returned for it in settled), sum(it.net for it in settled)) == (30, 90), settled
    breakage = world.rest.good("GET", "/v1/assets/stars/breakage")
    [cohort] = breakage["cohorts"]
    assert (cohort["month"], cohort["issued"], cohort["redeemed"]) == (world.spent_month, "150", "90"), breakage
    assert breakage["outstanding"] == "60", breakage


@step
def a_rule_is_simulated_without_earning_and_explained_after(world):
    order = activity_pb2.Activity(
        channel_code="tmall",
        external_id="tb-1",
        member_id=world.member,
        source_id="order-what-if",
        activity_type="order_paid",
        amount=money_pb2.Money(currency_code="CNY", minor_units=50_000),
    )
    order.occur_time.GetCurrentTime()
    before = world.balance()
    simulated = once(world.rules.SimulateEarning, earning_rule_service_pb2.SimulateEarningRequest(activity=order))
    outcomes = {it.rule_code: (it.verdict, it.amount) for it in simulated.outcomes}
    assert outcomes["per_yuan"] == (earning_rule_pb2.RULE_VERDICT_EARNS, 500), simulated
    assert dict(simulated.amounts) == {"points": 500} and world.balance() == before
    query = f"/v1/earning-rules:explain?memberId={world.member}&sourceId=order-1"
    [decision] = world.rest.good("GET", query)["decisions"]
    [outcome] = [it for it in decision["outcomes"] if it["ruleCode"] == "per_yuan"]
    assert (outcome["verdict"], outcome["amount"]) == ("RULE_VERDICT_EARNS", "250"), decision
    assert world.rest.good("GET", query)["decisions"] == [decision]


@step
def entries_are_exported_over_both_and_go_on_where_they_ended(world):
    """What is younger than two minutes is not exported yet: that the stream opens, ends and goes on is what can be seen."""
    pages = list(world.exports.ExportEntries(export_service_pb2.ExportEntriesRequest(asset_code="stars")))
    assert pages and pages[-1].resume_token, pages
    assert [entry for page in pages for entry in page.entries] == [], "these are too young"
    again = export_service_pb2.ExportEntriesRequest(asset_code="stars", resume_token=pages[-1].resume_token)
    assert all(not page.entries for page in world.exports.ExportEntries(again))
    again.resume_token = "no token"
    code, reason, _, _ = refused(lambda request: list(world.exports.ExportEntries(request)), again)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
    status, lines = world.rest.lines("GET", "/v1/assets/stars/entries:export")
    assert status == 200 and len(lines) == len(pages) and lines[-1]["resumeToken"], lines
    assert world.rest.get("/v1/assets/nothing/entries:export")[0] == 404


@step
def every_account_agrees_with_itself_and_the_sums_are_to_be_proven_anew(world):
    page = world.rest.good("GET", "/v1/accounts:reconcile?pageSize=500")
    assert page.get("disagreements", []) == [] and page["checkedCount"] >= 7, page
    request = ledger_service_pb2.StartReconciliationRequest(request_id="prove-1")
    begun = once(world.ledger.StartReconciliation, request).reconciliation
    assert begun.running and begun.from_scratch and not begun.HasField("sums_compare_time"), begun
