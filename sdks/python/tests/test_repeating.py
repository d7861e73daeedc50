"""When calls are repeated, and when not: both clients against a script."""

import asyncio
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import grpc

import quanyu.aio
from fake import Fake, Refusal, Turn
from quanyu import Client, QuanyuError
from quanyu._repeating import Budget, is_passing, new_request_id
from quanyu._services import PointsService
from quanyu.points import RedeemPointsRequest

Code = grpc.StatusCode


def redemption(request_id: str = "") -> RedeemPointsRequest:
    return RedeemPointsRequest(request_id=request_id, member_id="mbr_1", asset_code="points", amount=1)


def call(fake: Fake, request: RedeemPointsRequest, is_async: bool, timeout: float | None = None, **options: Any) -> None:
    with fake.served() as address:
        if not is_async:
            with Client(address, "qy_any", **options) as client:
                client.points.redeem_points(request, timeout=timeout)
            return

        async def called() -> None:
            async with quanyu.aio.Client(address, "qy_any", **options) as client:
                await client.points.redeem_points(request, timeout=timeout)

        asyncio.run(called())


class RepeatingTest(unittest.TestCase):
    def both(self, *turns: Turn, request: RedeemPointsRequest | None = None, **options: Any) -> list[Fake]:
        """What both clients did with it, each of which succeeded."""
        fakes = [Fake(*turns), Fake(*turns)]
        for fake, is_async in zip(fakes, (False, True)):
            call(fake, request or redemption(), is_async, **options)
        return fakes

    def fails(self, *turns: Turn, request: RedeemPointsRequest | None = None, **options: Any) -> list[tuple[Fake, QuanyuError]]:
        """What both clients did with it, and their error."""
        found = []
        for is_async in (False, True):
            fake = Fake(*turns)
            with self.assertRaises(QuanyuError) as caught:
                call(fake, request or redemption(), is_async, **options)
            found.append((fake, caught.exception))
        return found

    def test_a_call_that_fails_for_a_moment_is_repeated_with_its_request_id(self) -> None:
        request = redemption()
        passing = [Refusal(Code.UNAVAILABLE), Refusal(Code.ABORTED), Refusal(Code.DEADLINE_EXCEEDED)]
        for fake in self.both(*passing, request=request):
            self.assertEqual(len(fake.request_ids), 4)
            self.assertEqual(len(set(fake.request_ids)), 1)
            self.assertRegex(fake.request_ids[0], "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertEqual(request.request_id, "", "the caller's own message stays as it is")

    def test_the_callers_own_request_id_is_kept(self) -> None:
        for fake in self.both(Refusal(Code.UNAVAILABLE), request=redemption("order-1")):
            self.assertEqual(fake.request_ids, ["order-1", "order-1"])

    def test_a_refusal_is_not_repeated_and_says_all(self) -> None:
        refusal = Refusal(Code.FAILED_PRECONDITION, reason="INSUFFICIENT_POINTS", field="amount")
        for fake, error in self.fails(refusal, request=redemption("order-1")):
            self.assertEqual(len(fake.request_ids), 1)
            self.assertEqual((error.code, error.reason), (Code.FAILED_PRECONDITION, "INSUFFICIENT_POINTS"))
            self.assertEqual((error.domain, error.metadata), ("quanyu.points", {"available": "70"}))
            self.assertEqual([(one.field, one.description) for one in error.violations], [("amount", "must be positive")])
            self.assertEqual((error.request_id, error.attempts, error.retry_delay), ("order-1", 1, None))
            self.assertEqual(str(error), "FAILED_PRECONDITION INSUFFICIENT_POINTS: refused")

    def test_answers_are_not_asked_for_again(self) -> None:
        answers = [Refusal(Code.ABORTED, reason="ETAG_MISMATCH"), Refusal(Code.RESOURCE_EXHAUSTED), Refusal(Code.INTERNAL)]
        answers += [Refusal(Code.INVALID_ARGUMENT), Refusal(Code.NOT_FOUND), Refusal(Code.UNAUTHENTICATED), Refusal(Code.UNKNOWN)]
        for answer in answers:
            for fake, error in self.fails(answer):
                self.assertEqual(len(fake.request_ids), 1, error)

    def test_a_limit_is_waited_for_where_the_platform_says_how_long(self) -> None:
        for fake in self.both(Refusal(Code.RESOURCE_EXHAUSTED, delay=0.3)):
            self.assertGreaterEqual(fake.times[1] - fake.times[0], 0.299)

    def test_a_wait_that_the_deadline_does_not_reach_is_not_begun(self) -> None:
        began = time.monotonic()
        for fake, error in self.fails(Refusal(Code.UNAVAILABLE, delay=60), timeout=5):
            self.assertEqual((len(fake.request_ids), error.retry_delay), (1, 60))
        self.assertLess(time.monotonic() - began, 2)

    def test_an_attempt_that_takes_too_long_is_left_for_one_of_twice_the_time(self) -> None:
        for fake in self.both(1.5, 0.6, timeout=2):
            self.assertEqual(len(fake.request_ids), 2)
            self.assertEqual(len(set(fake.request_ids)), 1)

    def test_no_call_outlives_its_deadline(self) -> None:
        began = time.monotonic()
        for fake, error in self.fails(*[Refusal(Code.UNAVAILABLE)] * 99, timeout=0.5):
            self.assertEqual(error.attempts, len(fake.request_ids))
            self.assertGreater(error.attempts, 1)
        self.assertLess(time.monotonic() - began, 3)

    def test_nothing_is_repeated_where_the_caller_does_not_want_it(self) -> None:
        for fake, error in self.fails(Refusal(Code.UNAVAILABLE), retries=False):
            self.assertEqual((len(fake.request_ids), error.attempts), (1, 1))

    def test_a_method_whose_contract_does_not_say_that_it_is_safe_is_not_repeated(self) -> None:
        fake, method = Fake(Refusal(Code.UNAVAILABLE)), PointsService._redeem_points
        with fake.served() as address, Client(address, "qy_any") as client:
            with self.assertRaises(QuanyuError):
                client.points._calls.unary_unary(replace(method, is_safe=False), redemption(), None)
        self.assertEqual(len(fake.request_ids), 1)

    def test_a_dead_platform_is_not_hammered(self) -> None:
        fake = Fake(*[Refusal(Code.UNAVAILABLE)] * 10_000)

        def fail(client: Client) -> None:
            with self.assertRaises(QuanyuError):
                client.points.redeem_points(redemption(), timeout=2)

        with fake.served() as address, Client(address, "qy_any") as client, ThreadPoolExecutor(50) as callers:
            began = time.monotonic()
            list(callers.map(fail, [client] * 300))
            allowed = 300 + 100 + 30 + 10 * (time.monotonic() - began)
        self.assertGreaterEqual(len(fake.request_ids), 400)
        self.assertLessEqual(len(fake.request_ids), allowed + 1)

    def test_the_budget_fills_with_time_and_with_calls(self) -> None:
        now = [0.0]
        budget = Budget(lambda: now[0])

        def take_all() -> int:
            taken = 0
            while budget.withdraw():
                taken += 1
            return taken

        self.assertEqual(take_all(), 100)
        now[0] += 1
        self.assertEqual(take_all(), 10)
        for _ in range(51):
            budget.deposit()
        self.assertEqual(take_all(), 5)
        now[0] += 3600
        self.assertEqual(take_all(), 100)

    def test_what_grpc_says_of_broken_connections_is_tried_again_and_distrust_is_not(self) -> None:
        self.assertTrue(is_passing(QuanyuError(Code.INTERNAL, "Received RST_STREAM with error code 2")))
        self.assertTrue(is_passing(QuanyuError(Code.UNKNOWN, "Stream removed")))
        self.assertFalse(is_passing(QuanyuError(Code.INTERNAL, "a field cannot be read")))
        self.assertFalse(is_passing(QuanyuError(Code.UNAVAILABLE, "Ssl handshake failed: CERTIFICATE_VERIFY_FAILED")))

    def test_mistakes_of_the_caller_are_told(self) -> None:
        with self.assertRaises(ValueError):
            call(Fake(), redemption(), False, timeout=0)
        for address in ("127.0.0.1:7400", "http://", "ftp://host", "http://host/path", "http://me@host"):
            with self.assertRaises(ValueError, msg=address):
                Client(address, "qy_any")

    def test_request_ids_sort_by_their_time(self) -> None:
        first = new_request_id()
        time.sleep(0.005)
        self.assertLess(first, new_request_id())
