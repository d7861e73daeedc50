import asyncio
import inspect
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from quanyu._method import Asked, Method, Told
from quanyu._repeating import Attempts, Budget
from quanyu.errors import QuanyuError

Key = str | Callable[[], str | Awaitable[str]]


class Calls:
    """Makes the calls of a client, and those that are safe to repeat again."""

    def __init__(self, channel: grpc.aio.Channel, key: Key, deadline: float, retries: bool) -> None:
        self._channel, self._key, self._deadline, self._retries = channel, key, deadline, retries
        self._budget = Budget()
        self._callables: dict[str, Any] = {}

    async def unary_unary(self, method: Method[Asked, Told], request: Asked, timeout: float | None) -> Told:
        deadline = self._deadline if timeout is None else timeout
        attempts = Attempts(method, request, deadline, self._budget, self._retries)
        call = self._callable("unary_unary", method)
        while True:
            try:
                metadata = await self._metadata()
                answer: Told = await call(attempts.request, timeout=attempts.limit(), metadata=metadata)
                return answer
            except grpc.RpcError as thrown:
                error = error_of(thrown, attempts.request_id, attempts.count)
                error.__cause__ = thrown
            await asyncio.sleep(attempts.pause_after(error))

    async def stream_unary(self, method: Method[Asked, Told], requests: AsyncIterable[Asked], timeout: float | None) -> Told:
        call = self._callable("stream_unary", method)
        try:
            answer: Told = await call(requests, timeout=timeout, metadata=await self._metadata())
            return answer
        except grpc.RpcError as thrown:
            raise error_of(thrown) from thrown

    def unary_stream(self, method: Method[Asked, Told], request: Asked, timeout: float | None) -> AsyncIterator[Told]:
        return self._stream(self._callable("unary_stream", method), request, timeout)

    def stream_stream(
        self, method: Method[Asked, Told], requests: AsyncIterable[Asked], timeout: float | None
    ) -> AsyncIterator[Told]:
        return self._stream(self._callable("stream_stream", method), requests, timeout)

    async def pages(self, method: Method[Asked, Told], request: Asked, timeout: float | None) -> AsyncIterator[Told]:
        asked: Any = method.request()
        asked.CopyFrom(request)
        while True:
            page: Any = await self.unary_unary(method, asked, timeout)
            yield page
            if not page.next_page_token:
                return
            asked.page_token = page.next_page_token

    async def _stream(self, call: Any, given: Any, timeout: float | None) -> AsyncIterator[Any]:
        answers = call(given, timeout=timeout, metadata=await self._metadata())
        try:
            async for answer in answers:
                yield answer
        except grpc.RpcError as thrown:
            raise error_of(thrown) from thrown
        finally:
            # A reader who leaves early lets the platform end as well.
            answers.cancel()

    def _callable(self, kind: str, method: Method[Asked, Told]) -> Any:
        call = self._callables.get(method.path)
        if call is None:
            make = getattr(self._channel, kind)
            call = make(
                method.path,
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
            self._callables[method.path] = call
        return call

    async def _metadata(self) -> tuple[tuple[str, str], ...]:
        key = self._key if isinstance(self._key, str) else self._key()
        if inspect.isawaitable(key):
            key = await key
        return (("authorization", f"Bearer {key}"),)


def error_of(thrown: Any, request_id: str = "", attempts: int = 1) -> QuanyuError:
    trailers = thrown.trailing_metadata() or ()
    return QuanyuError(thrown.code(), thrown.details() or "", trailers, request_id, attempts)
