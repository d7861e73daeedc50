"""When a call is made again: decisions alone, which both clients ask."""

import os
import random
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Generic

import grpc

from quanyu._method import Asked, Method, Told
from quanyu.errors import QuanyuError

# The pause before the first repetition, at the most; it doubles each time, up to the longest.
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.05, 2.0
# The part of the whole deadline that the first attempt has; after one that ran out of time, the next has twice as long.
FIRST_ATTEMPT_PART = 0.25
# A hundred repetitions may be saved; a second brings ten of them, and a call a tenth of one.
SAVED_MAX, PER_SECOND, PER_CALL = 100.0, 10.0, 0.1
# What gRPC says, under codes that are answers otherwise, of streams that a broken connection ends.
BROKEN = re.compile(r"RST_STREAM|Stream removed|GOAWAY|Connection reset|Broken pipe|Socket closed", re.IGNORECASE)
# What it says where there was no connection.
UNCONNECTED = re.compile(r"failed to connect to|Connection refused|DNS resolution failed", re.IGNORECASE)
# Which a certificate cannot mend by itself.
DISTRUSTED = re.compile(r"certificate|handshake|hostname verification", re.IGNORECASE)


class Budget:
    """How many calls may still be repeated: ten a second and a tenth of all calls.

    Where the platform is slow because it has too much to do, repeating every call would give it more.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._seen, self._left = now, now(), SAVED_MAX
        self._lock = threading.Lock()

    def deposit(self) -> None:
        """Says that a call is made."""
        with self._lock:
            self._add(PER_CALL)

    def withdraw(self) -> bool:
        """Takes one repetition out; false where none is left."""
        with self._lock:
            self._add(0)
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def _add(self, brought: float) -> None:
        now = self._now()
        self._left = min(SAVED_MAX, self._left + (now - self._seen) * PER_SECOND + brought)
        self._seen = now


class Attempts(Generic[Asked, Told]):
    """The attempts of one call. Its request has an id from the first one on, which all of them keep."""

    def __init__(
        self, method: Method[Asked, Told], request: Asked, deadline: float, budget: Budget, retries: bool
    ) -> None:
        if not deadline > 0:
            raise ValueError(f"a call has a deadline of more than 0 seconds: {deadline}")
        self._end = time.monotonic() + deadline
        self._may_repeat = retries and method.is_safe
        self._limit = deadline * FIRST_ATTEMPT_PART if self._may_repeat else deadline
        self._budget = budget
        self.count = 1
        self.request, self.request_id = with_request_id(method, request)
        budget.deposit()

    def limit(self) -> float:
        """How many seconds the next attempt may take."""
        return max(0.001, min(self._limit, self._end - time.monotonic()))

    def pause_after(self, error: QuanyuError) -> float:
        """How many seconds to wait before the next attempt. Raises the error where there is none."""
        pause = error.retry_delay
        if pause is None:
            pause = random.uniform(0, min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2 ** min(self.count - 1, 16)))
        if not self._may_repeat or not is_passing(error) or time.monotonic() + pause >= self._end:
            raise error
        # Where there was no connection nothing was sent, and the platform has no more to do for it.
        if not UNCONNECTED.search(error.message) and not self._budget.withdraw():
            raise error
        if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            self._limit *= 2
        self.count += 1
        return pause


def is_passing(error: QuanyuError) -> bool:
    """Whether the same request may fare better in a moment."""
    code = grpc.StatusCode
    if error.code is code.UNAVAILABLE:
        return bool(error.reason) or not DISTRUSTED.search(error.message)
    if error.code is code.DEADLINE_EXCEEDED:
        return True
    if error.code is code.ABORTED:
        # Of a thing that somebody else changed the caller must first read what it has become.
        return error.reason != "ETAG_MISMATCH"
    if error.code is code.RESOURCE_EXHAUSTED:
        return error.retry_delay is not None
    if error.code in (code.INTERNAL, code.UNKNOWN, code.CANCELLED):
        return not error.reason and BROKEN.search(error.message) is not None
    return False


def with_request_id(method: Method[Asked, Told], request: Asked) -> tuple[Asked, str]:
    """The request with an id, and that id. A caller's own is kept, and the caller's message stays as it is."""
    if not method.has_request_id:
        return request, ""
    given: str = getattr(request, "request_id")
    if given:
        return request, given
    request_id = new_request_id()
    copy = method.request()
    copy.CopyFrom(request)
    setattr(copy, "request_id", request_id)
    return copy, request_id


def new_request_id() -> str:
    """A UUID of version 7 (RFC 9562): the time in milliseconds, and 74 bits of chance."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=value))
