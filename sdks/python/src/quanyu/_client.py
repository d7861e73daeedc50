from collections.abc import Callable
from types import TracebackType

import grpc

from quanyu import _options
from quanyu._calls import Calls
from quanyu._services import Services


class Client(Services):
    """A client of one platform, which threads may share. It keeps its connection.

    `address` is `http://host:port` or `https://host`. `key` is an API key or a token, or a function that gives one and is
    asked at each attempt. `deadline` is how many seconds a call may take with all its attempts, where its `timeout` does not
    say. Without `retries` nothing is repeated. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        address: str,
        key: str | Callable[[], str],
        *,
        deadline: float = 10.0,
        retries: bool = True,
        tls: _options.Tls = _options.Tls(),
    ) -> None:
        target, is_secure = _options.target(address)
        if is_secure:
            credentials, names = _options.credentials(tls)
            self._channel = grpc.secure_channel(target, credentials, _options.OPTIONS + names)
        else:
            self._channel = grpc.insecure_channel(target, _options.OPTIONS)
        super().__init__(Calls(self._channel, key, deadline, retries))

    def close(self) -> None:
        """Ends the connection, and the calls that are under way."""
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
