"""A platform of one method, for what depends on how it fails: it answers as a script says."""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from quanyu.points import RedeemPointsRequest, RedeemPointsResponse

METHOD = "/quanyu.points.v1.PointsService/RedeemPoints"


class Refusal:
    """What the platform says where it refuses."""

    def __init__(self, code: grpc.StatusCode, *, reason: str = "", field: str = "", delay: float | None = None) -> None:
        self.code = code
        details: list[Message] = []
        if reason:
            metadata = {"available": "70"}
            details.append(error_details_pb2.ErrorInfo(reason=reason, domain="quanyu.points", metadata=metadata))
        if field:
            violation = error_details_pb2.BadRequest.FieldViolation(field=field, description="must be positive")
            details.append(error_details_pb2.BadRequest(field_violations=[violation]))
        if delay is not None:
            told = error_details_pb2.RetryInfo()
            told.retry_delay.FromMicroseconds(int(delay * 1_000_000))
            details.append(told)
        packed = []
        for detail in details:
            one = AnyMessage()
            one.Pack(detail)
            packed.append(one)
        number: int = code.value[0]
        status = status_pb2.Status(code=number, message="refused", details=packed)
        self.trailers = (("grpc-status-details-bin", status.SerializeToString()),)


# An answer after so many seconds.
Turn = Refusal | float


class Fake(grpc.GenericRpcHandler):
    """One that goes through the turns, and then answers at once."""

    def __init__(self, *turns: Turn) -> None:
        self.turns, self.lock = list(turns), threading.Lock()
        # What arrived, and when.
        self.request_ids: list[str] = []
        self.times: list[float] = []

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        assert details.method == METHOD
        return grpc.unary_unary_rpc_method_handler(
            self.answer,
            request_deserializer=RedeemPointsRequest.FromString,
            response_serializer=RedeemPointsResponse.SerializeToString,
        )

    def answer(self, request: RedeemPointsRequest, context: grpc.ServicerContext) -> RedeemPointsResponse:
        with self.lock:
            self.request_ids.append(request.request_id)
            self.times.append(time.monotonic())
            turn = self.turns.pop(0) if self.turns else 0.0
        if isinstance(turn, Refusal):
            context.set_trailing_metadata(turn.trailers)
            context.abort(turn.code, "refused")
        time.sleep(turn)
        return RedeemPointsResponse()

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """Its address, as long as it serves."""
        server = grpc.server(ThreadPoolExecutor(16), handlers=[self])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop(None)
