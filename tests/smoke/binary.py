"""The binary under test, as a user starts and stops it."""

import os
import re
import signal
import subprocess
import threading

READY_SECONDS = 60
END_SECONDS = 30


class Up:
    """A running `quanyu up`."""

    def __init__(self, binary, folder, listen="127.0.0.1:0"):
        self.folder = folder
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QUANYU_")}
        # The first key is told to a terminal, or to those who wish to read it.
        environment["QUANYU_PRINT_FIRST_API_KEY"] = "true"
        command = [binary, "up", "--folder", folder, "--listen", listen, "--admin-listen", free_address()]
        self.admin = command[-1]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.said = []
        self.address = None
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(READY_SECONDS) or self.address is None:
            self.kill()
            raise AssertionError(f"it does not serve; it said: {self.said}")

    def _read(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            serves = re.match(r"Quanyu serves .* at ([0-9.:]+),", line)
            if serves:
                self.address = serves.group(1)
            if line.startswith("Ctrl-C stops"):
                self._ready.set()
        self._ready.set()

    @property
    def key(self):
        """The first API key, where this start showed one."""
        found = (re.search(r"QUANYU_API_KEY=(qy_\w+)", line) for line in self.said)
        return next((match.group(1) for match in found if match), None)

    @property
    def ready_ms(self):
        """How long the start took, as it says itself."""
        return int(re.search(r"ready in (\d+) ms", "\n".join(self.said)).group(1))

    @property
    def examples(self):
        """The commands that it invites to copy."""
        lines = (line.strip() for line in self.said)
        return [line for line in lines if line.startswith(("curl ", "grpcurl "))]

    def signal(self, name):
        os.kill(self.process.pid, getattr(signal, name))

    def wait(self):
        """How it ended."""
        return self.process.wait(END_SECONDS)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(END_SECONDS)


def run(binary, *arguments, **settings):
    """Runs a command of the binary to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUANYU_")}
    environment.update(settings)
    return subprocess.run(
        [binary, *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def free_address():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
