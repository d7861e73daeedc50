"""How somebody outside calls: curl for REST, a client that protoc made from the contracts for gRPC."""

import json
import subprocess
import time

import grpc
from google.rpc import error_details_pb2, status_pb2

TRIES_MAX = 200
PAUSE_SECONDS = 0.05
CALL_SECONDS = 20


class Rest:
    """REST by curl."""

    def __init__(self, address, key=None):
        self.address, self.key = address, key

    def __call__(self, method, path, body=None):
        """The HTTP status and the body, parsed where it is JSON."""
        text = None if body is None else json.dumps(body)
        status, answer = self._curl(method, path, text, "application/json")
        try:
            return status, json.loads(answer)
        except json.JSONDecodeError:
            return status, answer

    def _curl(self, method, path, text, content_type):
        command = ["curl", "-sS", "--max-time", str(CALL_SECONDS), "-X", method, f"http://{self.address}{path}"]
        command += ["-w", "\n%{http_code}"]
        if self.key:
            command += ["-H", f"authorization: Bearer {self.key}"]
        if text is not None:
            command += ["-H", f"content-type: {content_type}", "--data-binary", text]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        answer, status = answer.rsplit("\n", 1)
        return int(status), answer

    def get(self, path):
        return self("GET", path)

    def post(self, path, body):
        return self("POST", path, body)

    def lines(self, method, path, bodies=None):
        """The HTTP status of a stream, and its lines; what is sent is a line for each body."""
        text = None if bodies is None else "\n".join(json.dumps(body) for body in bodies)
        status, answer = self._curl(method, path, text, "application/x-ndjson")
        return status, [json.loads(line) for line in answer.splitlines() if line]

    def good(self, method, path, body=None):
        """The body of an answer that must be good."""
        status, answer = self(method, path, body)
        assert status == 200, f"{method} {path}: {status} {answer}"
        return answer


class Key(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Shows the key with every call."""

    def __init__(self, key):
        self.key = key

    def _with_key(self, details):
        metadata = [*(details.metadata or []), ("authorization", f"Bearer {self.key}")]
        return details._replace(metadata=metadata, timeout=details.timeout or CALL_SECONDS)

    def intercept_unary_unary(self, call, details, request):
        return call(self._with_key(details), request)

    def intercept_unary_stream(self, call, details, request):
        return call(self._with_key(details), request)

    def intercept_stream_unary(self, call, details, requests):
        return call(self._with_key(details), requests)

    def intercept_stream_stream(self, call, details, requests):
        return call(self._with_key(details), requests)


def channel(address, key=None):
    """A connection for generated clients."""
    plain = grpc.insecure_channel(address)
    return grpc.intercept_channel(plain, Key(key)) if key else plain


def details(error):
    """What a refusal says: its code, its reason, its metadata, and every field that is wrong."""
    status = status_pb2.Status()
    trailers = dict(error.trailing_metadata())
    status.ParseFromString(trailers["grpc-status-details-bin"])
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return error.code(), info.reason, dict(info.metadata), [violation.field for violation in bad.field_violations]


def refused(call, *arguments):
    """The refusal of a call that must be refused."""
    try:
        answer = call(*arguments)
    except grpc.RpcError as error:
        return details(error)
    raise AssertionError(f"it was not refused: {answer}")


def eventually(what, expected, ask):
    """Asks until the answer is the expected one, a bounded number of times."""
    for _ in range(TRIES_MAX):
        answer = ask()
        if answer == expected:
            return
        time.sleep(PAUSE_SECONDS)
    raise AssertionError(f"{what}: {answer!r} instead of {expected!r}")
