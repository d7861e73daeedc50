"""What the stories share: the world that their steps leave to each other, and the list of steps."""

import os

from binary import Up
from calls import Rest, channel

from quanyu.identity.v1 import channel_service_pb2_grpc, member_service_pb2, member_service_pb2_grpc
from quanyu.identity.v1 import identity_pb2, resolution_pb2
from quanyu.points.v1 import adjustment_service_pb2_grpc, asset_service_pb2_grpc, earning_rule_service_pb2_grpc
from quanyu.points.v1 import export_service_pb2_grpc, hold_service_pb2_grpc, ledger_service_pb2_grpc
from quanyu.points.v1 import points_service_pb2, points_service_pb2_grpc, pool_service_pb2_grpc
from quanyu.points.v1 import posting_service_pb2_grpc, statement_service_pb2_grpc, transfer_service_pb2_grpc
from quanyu.tagging.v1 import activity_service_pb2_grpc

STEPS = []


def step(function):
    STEPS.append(function)
    return function


class World:
    """What the steps leave to those after them."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.up = None

    def start(self):
        self.up = Up(self.binary, os.path.join(self.folder, "data"))
        return self.up

    def connect(self, key):
        self.key = key
        self.rest = Rest(self.up.address, key)
        self.anonymous = Rest(self.up.address)
        connection = channel(self.up.address, key)
        self.channels = channel_service_pb2_grpc.ChannelServiceStub(connection)
        self.members = member_service_pb2_grpc.MemberServiceStub(connection)
        self.assets = asset_service_pb2_grpc.AssetServiceStub(connection)
        self.rules = earning_rule_service_pb2_grpc.EarningRuleServiceStub(connection)
        self.points = points_service_pb2_grpc.PointsServiceStub(connection)
        self.activities = activity_service_pb2_grpc.ActivityServiceStub(connection)
        self.adjustments = adjustment_service_pb2_grpc.AdjustmentServiceStub(connection)
        self.exports = export_service_pb2_grpc.ExportServiceStub(connection)
        self.holds = hold_service_pb2_grpc.HoldServiceStub(connection)
        self.ledger = ledger_service_pb2_grpc.LedgerServiceStub(connection)
        self.pools = pool_service_pb2_grpc.PoolServiceStub(connection)
        self.postings = posting_service_pb2_grpc.PostingServiceStub(connection)
        self.statements = statement_service_pb2_grpc.StatementServiceStub(connection)
        self.transfers = transfer_service_pb2_grpc.TransferServiceStub(connection)

    def arrive(self, external_id):
        """A member of their own, by their id in the channel."""
        arrival = resolution_pb2.Arrival(
            channel_code="tmall",
            external_id=external_id,
            evidence=[identity_pb2.Evidence(kind=identity_pb2.IDENTITY_KIND_PHONE, value=phone(external_id), proof=identity_pb2.PROOF_PLATFORM)],
        )
        request = member_service_pb2.ResolveMemberRequest(request_id=f"arrive-{external_id}", arrival=arrival)
        return self.members.ResolveMember(request).resolution.member_id

    def earn(self, member, amount, request_id, **fields):
        """What is earned without a rule."""
        request = points_service_pb2.EarnPointsRequest(
            request_id=request_id, member_id=member, asset_code=fields.pop("asset_code", "points"), amount=amount, **fields
        )
        return once(self.points.EarnPoints, request).entry

    def balance(self, member=None, asset_code="points"):
        request = points_service_pb2.GetBalanceRequest(member_id=member or self.member, asset_code=asset_code)
        return self.points.GetBalance(request).balance.available


def phone(external_id):
    """A phone number of nobody else."""
    return f"137{sum(ord(letter) * 31 ** place for place, letter in enumerate(external_id)) % 10**8:08}"


def once(call, request):
    """The answer to a request, which is the same one when it is sent again."""
    answer = call(request)
    assert call(request) == answer, f"the second answer to {request} is another one"
    return answer
