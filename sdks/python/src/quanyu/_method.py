from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

Asked = TypeVar("Asked", bound=Message)
Told = TypeVar("Told", bound=Message)


@dataclass(frozen=True)
class Method(Generic[Asked, Told]):
    """A method as its contract declares it."""

    path: str
    request: type[Asked]
    response: type[Told]
    # Whether it has no effect, or has it once for its request id, however often it is called.
    is_safe: bool
    has_request_id: bool
