"""A platform of the program itself, with its files in a folder that goes with it."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

API_KEY = "qy_" + secrets.token_hex(32)
READY_SECONDS_MAX = 60


class Platform:
    """`quanyu up`: where callers and where operators find it."""

    def __init__(self, process, address, admin):
        self.process, self.address, self.admin = process, address, admin

    def call(self, path, body):
        return ask(self.address, path, body)

    def look(self, path):
        return ask(self.admin, path)

    def wait_until(self, done):
        """Asks again and again; a process that has ended will give no answer."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            assert self.process.poll() is None, self.process.stderr.read().decode()
            assert time.monotonic() < deadline, f"not there after {READY_SECONDS_MAX} s"
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                if done():
                    return
            time.sleep(0.05)


@contextlib.contextmanager
def platform(binary):
    with tempfile.TemporaryDirectory(prefix="quanyu-platform.") as folder:
        address, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
        # Settings of somebody's own are not for it.
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("QUANYU_")}
        process = subprocess.Popen(
            [binary, "--folder", f"{folder}/data", "--listen", address, "--admin-listen", admin, "up"],
            env={**surroundings, "QUANYU_FIRST_API_KEY": API_KEY}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        try:
            running = Platform(process, address, admin)
            running.wait_until(lambda: running.look("/readyz"))
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=READY_SECONDS_MAX)
            process.stderr.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(address, path, body=None):
    headers = {"authorization": f"Bearer {API_KEY}"}
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(f"http://{address}{path}", data, headers), timeout=10) as answer:
        return answer.read().decode()
