"""The client for asyncio."""

from quanyu._aio_client import Client

__all__ = ["Client"]
