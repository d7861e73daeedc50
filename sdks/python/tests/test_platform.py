"""Calls to a real platform, straight and through faults."""

import asyncio
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import grpc

import quanyu.aio
from platform_process import BINARY, Faults, Platform, balance_of, free_port, member_with, open_shop
from quanyu import Client, QuanyuError, Tls, _repeating
from quanyu.points import (
    EarnPointsRequest,
    ExportEntriesRequest,
    GetBalanceRequest,
    GetBalanceResponse,
    ListEntriesRequest,
    Posting,
    PostStreamRequest,
    RedeemPointsRequest,
)

CALLS, CALLERS = 200, 4
DEADLINE = 30.0
EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "examples/shop.py"


def redemption(member_id: str) -> RedeemPointsRequest:
    return RedeemPointsRequest(member_id=member_id, asset_code="points", amount=1)


@unittest.skipUnless(BINARY, "QUANYU_BINARY names no program")
class PlatformTest(unittest.TestCase):
    platform: Platform
    quanyu: Client

    @classmethod
    def setUpClass(cls) -> None:
        cls.platform = Platform()
        cls.quanyu = Client(cls.platform.address, lambda: cls.platform.key)
        open_shop(cls.quanyu)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.quanyu.close()
        cls.platform.remove()

    def test_the_example_runs(self) -> None:
        environment = {"QUANYU_ADDRESS": self.platform.address, "QUANYU_API_KEY": self.platform.key}
        told = subprocess.run([sys.executable, EXAMPLE], env=environment, capture_output=True, text=True, check=True)
        self.assertIn("169 are left", told.stdout)

    def test_a_refusal_says_why(self) -> None:
        member_id = member_with(self.quanyu, "refused", 70)
        with self.assertRaises(QuanyuError) as caught:
            self.quanyu.points.redeem_points(RedeemPointsRequest(member_id=member_id, asset_code="points", amount=500))
        error = caught.exception
        self.assertEqual((error.code, error.reason), (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_POINTS"))
        self.assertEqual((error.metadata["available"], error.attempts), ("70", 1))
        self.assertTrue(error.request_id)
        with self.assertRaises(QuanyuError) as caught:
            self.quanyu.points.redeem_points(RedeemPointsRequest(member_id=member_id, asset_code="POINTS"))
        self.assertEqual({one.field for one in caught.exception.violations}, {"asset_code", "amount"})

    def test_lists_are_iterators(self) -> None:
        member_id = member_with(self.quanyu, "pages", 10)
        for _ in range(4):
            self.quanyu.points.redeem_points(redemption(member_id))
        request = ListEntriesRequest(member_id=member_id, asset_code="points", page_size=2)
        self.assertEqual([len(page.entries) for page in self.quanyu.points.list_entries_pages(request)], [2, 2, 1])
        amounts = [entry.amount for entry in self.quanyu.points.list_entries_items(request)]
        self.assertEqual(amounts, [-1, -1, -1, -1, 10])
        self.assertEqual(request.page_token, "")

        async def listed() -> list[int]:
            async with quanyu.aio.Client(self.platform.address, self.platform.key) as client:
                return [entry.amount async for entry in client.points.list_entries_items(request)]

        self.assertEqual(asyncio.run(listed()), amounts)

    def test_streams_pass(self) -> None:
        member_id = member_with(self.quanyu, "streams", 10)
        # What was posted in the last two minutes is not exported yet; the last message bears a token all the same.
        exported = list(self.quanyu.exports.export_entries(ExportEntriesRequest(asset_code="points")))
        self.assertTrue(exported[-1].resume_token)
        with self.assertRaises(QuanyuError) as caught:
            list(self.quanyu.exports.export_entries(ExportEntriesRequest(asset_code="gold")))
        self.assertEqual(caught.exception.code, grpc.StatusCode.NOT_FOUND)

        def postings(name: str) -> list[PostStreamRequest]:
            earn = [EarnPointsRequest(request_id=f"{name}-{one}", member_id=member_id, asset_code="points", amount=1) for one in range(50)]
            return [PostStreamRequest(posting=Posting(earn=one)) for one in earn]

        self.assertEqual(len(list(self.quanyu.postings.post_stream(postings("stream")))), 50)
        self.assertEqual(balance_of(self.quanyu, member_id), 60)

        async def posted() -> int:
            async def given() -> AsyncIterator[PostStreamRequest]:
                for one in postings("stream-aio"):
                    yield one

            async with quanyu.aio.Client(self.platform.address, self.platform.key) as client:
                return len([answer async for answer in client.postings.post_stream(given())])

        self.assertEqual(asyncio.run(posted()), 50)
        self.assertEqual(balance_of(self.quanyu, member_id), 110)

    def test_a_restart_of_the_platform_is_waited_for(self) -> None:
        member_id = member_with(self.quanyu, "restart", 10)
        self.platform.down()
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(self.quanyu.points.redeem_points, redemption(member_id), timeout=60)
            self.platform.up()
            call.result()
        self.assertEqual(balance_of(self.quanyu, member_id), 9)

    def test_a_platform_that_is_away_is_told_in_time(self) -> None:
        began = time.monotonic()
        with Client(f"http://127.0.0.1:{free_port()}", "qy_any", deadline=0.5) as nobody:
            with self.assertRaises(QuanyuError) as caught:
                balance_of(nobody, "mbr_1")
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(caught.exception.code, grpc.StatusCode.UNAVAILABLE)
        self.assertGreater(caught.exception.attempts, 1)

    def redeem_through_faults(self, name: str, seed: int) -> int:
        """Redeems a point so many times, and tells how many points that took."""
        member_id, faults = member_with(self.quanyu, name, 1000), Faults(self.platform, seed)
        self.addCleanup(faults.end)
        with Client(faults.address, self.platform.key, deadline=DEADLINE) as client:
            with ThreadPoolExecutor(CALLERS) as callers:
                list(callers.map(client.points.redeem_points, [redemption(member_id)] * CALLS))
        taken = 1000 - balance_of(self.quanyu, member_id)
        print(f"{CALLS} calls took {taken} points; {faults.end()}")
        return taken

    def test_redemptions_through_faults_take_what_they_say(self) -> None:
        self.assertEqual(self.redeem_through_faults("faults", 1), CALLS)

    def test_with_another_request_id_at_each_attempt_they_would_take_more(self) -> None:
        limit = _repeating.Attempts.limit

        def forget(attempts: _repeating.Attempts[RedeemPointsRequest, GetBalanceResponse]) -> float:
            if attempts.request_id:
                attempts.request.request_id = _repeating.new_request_id()
            return limit(attempts)

        with patch.object(_repeating.Attempts, "limit", forget):
            self.assertGreater(self.redeem_through_faults("forgetful", 1), CALLS)

    def test_redemptions_through_faults_take_what_they_say_with_asyncio(self) -> None:
        member_id, faults = member_with(self.quanyu, "faults-aio", 1000), Faults(self.platform, 2)
        self.addCleanup(faults.end)

        async def redeem() -> None:
            async with quanyu.aio.Client(faults.address, self.platform.key, deadline=DEADLINE) as client:
                left = iter(range(CALLS))

                async def caller() -> None:
                    for _ in left:
                        await client.points.redeem_points(redemption(member_id))

                await asyncio.gather(*(caller() for _ in range(CALLERS)))

        asyncio.run(redeem())
        print(f"asyncio: {faults.end()}")
        self.assertEqual(balance_of(self.quanyu, member_id), 1000 - CALLS)

    def test_what_the_sdk_costs_a_call(self) -> None:
        # Told, not asserted: how long a call takes is the machine's as well.
        request = GetBalanceRequest(member_id=member_with(self.quanyu, "costs", 10), asset_code="points")
        metadata = (("authorization", f"Bearer {self.platform.key}"),)
        times: dict[str, list[float]] = {"bare": [], "sdk": []}
        with grpc.insecure_channel(f"127.0.0.1:{self.platform.port}") as channel:
            bare = channel.unary_unary(
                "/quanyu.points.v1.PointsService/GetBalance",
                request_serializer=GetBalanceRequest.SerializeToString,
                response_deserializer=GetBalanceResponse.FromString,
            )
            for turn in range(700):
                began = time.perf_counter()
                if turn % 2:
                    self.quanyu.points.get_balance(request)
                else:
                    bare(request, timeout=10, metadata=metadata)
                if turn >= 100:
                    times["sdk" if turn % 2 else "bare"].append(time.perf_counter() - began)
        sdk, alone = statistics.median(times["sdk"]), statistics.median(times["bare"])
        print(f"a call takes {sdk * 1000:.3f} ms, {sdk / alone:.3f} of the generated client alone")


@unittest.skipUnless(BINARY, "QUANYU_BINARY names no program")
class TlsTest(unittest.TestCase):
    def test_over_tls_with_a_ca_of_ones_own(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            make_certificates(folder)
            platform = Platform(
                QUANYU_TLS__CERT_FILE=str(folder / "quanyu.pem"), QUANYU_TLS__KEY_FILE=str(folder / "quanyu.key")
            )
            self.addCleanup(platform.remove)
            address = platform.address.replace("http:", "https:")
            trusted = Tls(ca_file=folder / "ca.pem", server_name="quanyu.test")
            with Client(address, platform.key, tls=trusted) as client:
                open_shop(client)
            for distrusted in (Tls(), Tls(ca_file=folder / "ca.pem"), Tls(server_name="quanyu.test")):
                with Client(address, platform.key, tls=distrusted) as client, self.assertRaises(QuanyuError) as caught:
                    client.points.get_balance(GetBalanceRequest(member_id="mbr_1", asset_code="points"))
                self.assertEqual(caught.exception.attempts, 1, caught.exception)


def make_certificates(folder: pathlib.Path) -> None:
    """A CA, and a certificate of it for quanyu.test."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "san").write_text("subjectAltName=DNS:quanyu.test")
    for options in (
        ["req", "-x509", *curve, "-days", "2", "-subj", "/CN=CA", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *curve, "-subj", "/CN=quanyu", "-keyout", "quanyu.key", "-out", "quanyu.csr"],
        ["x509", "-req", "-in", "quanyu.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        + ["-extfile", "san", "-out", "quanyu.pem"],
    ):
        subprocess.run(["openssl", *options], cwd=folder, check=True, capture_output=True)
