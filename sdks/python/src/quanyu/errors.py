"""Why calls fail."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

# Where gRPC carries a google.rpc.Status.
STATUS = "grpc-status-details-bin"


@dataclass(frozen=True)
class Violation:
    """What is wrong with one field of a request."""

    # The path of the field, such as "items[0].unit_price".
    field: str
    # What is wrong, and what would be right.
    description: str


class QuanyuError(Exception):
    """Why a call failed: what the platform said, or that it could not be reached."""

    # The status.
    code: grpc.StatusCode
    message: str
    # The reason, such as "INSUFFICIENT_POINTS": one of an ErrorReason of the contracts. Empty where the platform gave none.
    reason: str
    # Whose reason it is, such as "quanyu.points".
    domain: str
    # What belongs to the reason, such as `available` and `requested`.
    metadata: Mapping[str, str]
    # All that is wrong with the request's fields.
    violations: tuple[Violation, ...]
    # How many seconds the platform asks to wait before the request is repeated; None where it asks for nothing.
    retry_delay: float | None
    # The id of the request: repeat it with this one where it may have taken effect. Empty where nothing could.
    request_id: str
    # How often the request was sent.
    attempts: int

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        trailers: Iterable[tuple[str, str | bytes]] = (),
        request_id: str = "",
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.reason = self.domain = ""
        self.metadata, self.violations, self.retry_delay = {}, (), None
        self.request_id, self.attempts = request_id, attempts
        for detail in _details(trailers):
            info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                self.reason, self.domain, self.metadata = info.reason, info.domain, dict(info.metadata)
            elif detail.Unpack(bad):
                self.violations += tuple(Violation(one.field, one.description) for one in bad.field_violations)
            elif detail.Unpack(retry):
                self.retry_delay = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9

    def __str__(self) -> str:
        return f"{self.code.name} {self.reason}".rstrip() + f": {self.message}"


def _details(trailers: Iterable[tuple[str, str | bytes]]) -> Iterable[Any]:
    for name, value in trailers:
        if name == STATUS and isinstance(value, bytes):
            try:
                details: Iterable[Any] = status_pb2.Status.FromString(value).details
                return details
            except DecodeError:
                return ()
    return ()
