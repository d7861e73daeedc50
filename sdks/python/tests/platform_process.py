"""A platform of one's own, with a shop's channel and asset, and the proxy that fails."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from typing import Any

from quanyu import Client
from quanyu.identity import CHANNEL_KIND_POS, Arrival, Channel, CreateChannelRequest, ResolveMemberRequest
from quanyu.points import ASSET_KIND_POINTS, Asset, CreateAssetRequest, EarnPointsRequest, GetBalanceRequest

BINARY = os.environ.get("QUANYU_BINARY", "")
FAULTS = pathlib.Path(__file__).resolve().parents[2] / "faults.py"


class Platform:
    def __init__(self, **environment: str) -> None:
        self.environment = environment
        self.folder, self.port, self.key = tempfile.mkdtemp(prefix="quanyu-sdk-"), free_port(), ""
        self.address = f"http://127.0.0.1:{self.port}"
        self.up()

    def up(self) -> None:
        """Starts it, and waits until it serves."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUANYU_")}
        environment |= {"QUANYU_PRINT_FIRST_API_KEY": "true", **self.environment}
        command = [BINARY, "up", "--folder", f"{self.folder}/data", "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"QUANYU_API_KEY=(qy_\w+)", line)
            self.key = found[1] if found else self.key
            if line.startswith("Ctrl-C stops"):
                return
        raise AssertionError("the platform does not serve")

    def down(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate()

    def remove(self) -> None:
        self.down()
        shutil.rmtree(self.folder)


class Faults:
    def __init__(self, platform: Platform, seed: int) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(FAULTS), str(port), str(platform.port), str(seed)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.process.stdout.readline()
        self.told: str | None = None

    def end(self) -> str:
        """Ends it, and says how often it did what. What has ended stays ended."""
        if self.told is None:
            self.process.terminate()
            self.told = self.process.communicate()[0].strip()
        return self.told


def open_shop(quanyu: Client) -> None:
    channel = Channel(channel_code="shop", kind=CHANNEL_KIND_POS, display_name="Shop", trust_rank=100)
    quanyu.channels.create_channel(CreateChannelRequest(channel=channel))
    quanyu.assets.create_asset(CreateAssetRequest(code="points", asset=Asset(kind=ASSET_KIND_POINTS)))


def member_with(quanyu: Client, external_id: str, amount: int) -> str:
    """A new member with an amount of points."""
    arrival = Arrival(channel_code="shop", external_id=external_id)
    member_id: str = quanyu.members.resolve_member(ResolveMemberRequest(arrival=arrival)).resolution.member_id
    quanyu.points.earn_points(EarnPointsRequest(member_id=member_id, asset_code="points", amount=amount))
    return member_id


def balance_of(quanyu: Any, member_id: str) -> int:
    request = GetBalanceRequest(member_id=member_id, asset_code="points")
    available: int = quanyu.points.get_balance(request).balance.available
    return available


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
