"""Generates from the contracts what the package ships beside its handwritten code:

- the messages, with types, by the compiler of grpcio-tools: `quanyu/points/v1/entry_pb2.py`
- a module for each package of the contracts with all its messages and enums: `quanyu.points`
- the services with a typed method for each of the contracts', for threads and for asyncio.

Rules of validation, addresses of REST and policies are left out: a client has no use for them, and other packages that
bring the same definitions (protovalidate) may be loaded in the same process.
"""

import pathlib
import re
import tempfile

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet, MethodOptions
from grpc_tools import protoc

# What platforms say to each other.
INTERNAL = "quanyu/events/internal/"
# The numbers of fields in descriptors, of which paths to comments are made.
SERVICE, METHOD = 6, 2
LEFT_OUT = ("buf/", "google/api/", "quanyu/options/")
HEAD = '"""{}"""\n\n# Generated from the contracts.\n\n'


def generate(repository: pathlib.Path, out: pathlib.Path) -> None:
    roots = [repository / "proto", repository / "third_party/googleapis", repository / "third_party/protovalidate"]
    names = sorted(str(path.relative_to(roots[0])) for path in roots[0].rglob("*.proto"))
    names = [name for name in names if not name.startswith((INTERNAL, *LEFT_OUT))]
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "contracts.bin")
        includes = [f"-I{root}" for root in (*roots, well_known)]
        compile_with(*includes, "--include_imports", "--include_source_info", f"--descriptor_set_out={file}", *names)
        contracts = FileDescriptorSet.FromString(file.read_bytes())
        # What is not known here are the options of others.
        contracts.DiscardUnknownFields()
        for one in contracts.file:
            kept = [name for name in one.dependency if not name.startswith(LEFT_OUT)]
            one.dependency[:] = kept
        file.write_bytes(contracts.SerializeToString())
        compile_with(f"--descriptor_set_in={file}", f"--python_out={out}", f"--pyi_out={out}", *names)
    ours = [one for one in contracts.file if one.name in names]
    write_packages(ours, out / "quanyu")
    write_services(ours, out / "quanyu")


def compile_with(*options: str) -> None:
    if protoc.main(["protoc", *options]) != 0:
        raise SystemExit("the contracts cannot be compiled")


def short(file) -> str:
    """`points` of the package `quanyu.points.v1`."""
    return file.package.split(".")[1]


def module(file) -> str:
    return file.name.removesuffix(".proto").replace("/", ".") + "_pb2"


def write_packages(files, out: pathlib.Path) -> None:
    for package in sorted({short(file) for file in files}):
        lines = []
        for file in (file for file in files if short(file) == package):
            enums = [name for enum in file.enum_type for name in (enum.name, *(value.name for value in enum.value))]
            names = [message.name for message in file.message_type] + enums
            if names:
                names = "".join(f"    {name} as {name},\n" for name in names)
                lines.append(f"from {module(file)} import (\n{names})\n")
        head = HEAD.format(f"The messages and enums of quanyu.{package}.v1.")
        (out / package / "__init__.py").write_text(head + "".join(lines))


def write_services(files, out: pathlib.Path) -> None:
    types = {}
    for file in files:
        for message in file.message_type:
            types[f".{file.package}.{message.name}"] = (f"{short(file)}_{message.name}", short(file), message)
    services = [(file, index, service) for file in files for index, service in enumerate(file.service)]
    services.sort(key=lambda found: attribute(found[2].name))
    packages = sorted({short(file) for file, _, _ in services})
    for is_async, name in ((False, "_services.py"), (True, "_aio_services.py")):
        calls = "_aio_calls" if is_async else "_calls"
        what = "for asyncio" if is_async else "for threads"
        iterators = "AsyncIterable, AsyncIterator" if is_async else "Iterable, Iterator"
        lines = [
            HEAD.format(f"The platform's services, {what}."),
            f"from collections.abc import {iterators}\n\n",
            "import quanyu." + "\nimport quanyu.".join(packages) + "\n",
            f"from quanyu.{calls} import Calls\nfrom quanyu._method import Method\n",
        ]
        for file, index, service in services:
            lines += write_service(file, index, service, types, is_async)
        lines.append('\n\nclass Services:\n    """The platform\'s services by name."""\n\n')
        lines.append("    def __init__(self, calls: Calls) -> None:\n")
        for _, _, service in services:
            lines.append(f"        self.{attribute(service.name)} = {service.name}(calls)\n")
        (out / name).write_text("".join(lines))


def attribute(service: str) -> str:
    """`points` of PointsService, `earning_rules` of EarningRuleService; what counts nothing keeps its name."""
    noun = snake(service.removesuffix("Service"))
    if noun in ("audit", "ledger", "pending", "points"):
        return noun
    if noun.endswith("y"):
        return noun + "s" if noun.endswith("ey") else noun[:-1] + "ies"
    return noun + "s"


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def write_service(file, index, service, types, is_async):
    comments = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    yield f"\n\nclass {service.name}:\n{doc(comments.get((SERVICE, index), ''), 4)}\n"
    yield "    def __init__(self, calls: Calls) -> None:\n        self._calls = calls\n"
    for number, method in enumerate(service.method):
        comment = comments.get((SERVICE, index, METHOD, number), "")
        yield from write_method(f"/{file.package}.{service.name}/{method.name}", method, comment, types, is_async)


def write_method(path, method, comment, types, is_async):
    _, asked_in, asked = types[method.input_type]
    _, told_in, told = types[method.output_type]
    request, response = f"quanyu.{asked_in}.{asked.name}", f"quanyu.{told_in}.{told.name}"
    has_id = any(field.name == "request_id" for field in asked.field)
    is_safe = method.options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    name, prefix = snake(method.name), "Async" if is_async else ""
    takes = f"requests: {prefix}Iterable[{request}]" if method.client_streaming else f"request: {request}"
    gives = f"{prefix}Iterator[{response}]" if method.server_streaming else response
    kind = ("stream" if method.client_streaming else "unary") + "_" + ("stream" if method.server_streaming else "unary")
    # A call that answers with a stream begins when the stream is read; no coroutine makes it.
    define = "async def" if is_async and not method.server_streaming else "def"
    wait = "await " if is_async and not method.server_streaming else ""
    given = "requests" if method.client_streaming else "request"
    yield f"\n    _{name} = Method(\n        {path!r},\n        {request},\n        {response},\n"
    yield f"        is_safe={is_safe},\n        has_request_id={has_id},\n    )\n"
    yield f"\n    {define} {name}(self, {takes}, *, timeout: float | None = None) -> {gives}:\n{doc(comment, 8)}"
    yield f"        return {wait}self._calls.{kind}(self._{name}, {given}, timeout)\n"
    names = {field.name for field in told.field}
    items = [field for field in told.field if field.label == FieldDescriptorProto.LABEL_REPEATED]
    if kind != "unary_unary" or "next_page_token" not in names or not items:
        return
    yield f"\n    def {name}_pages(self, {takes}, *, timeout: float | None = None) -> {prefix}Iterator[{response}]:\n"
    yield f'        """Gives page after page of {name}; the timeout is of each call."""\n'
    yield f"        return self._calls.pages(self._{name}, request, timeout)\n"
    item = items[0]
    if item.type_name in types and len(items) == 1:
        _, item_in, message = types[item.type_name]
        loop, define = ("async for", "async def") if is_async else ("for", "def")
        yield f"\n    {define} {name}_items(\n        self, {takes}, *, timeout: float | None = None\n"
        yield f"    ) -> {prefix}Iterator[quanyu.{item_in}.{message.name}]:\n"
        yield f'        """Gives {item.name} after {item.name} of all pages; the timeout is of each call."""\n'.replace(
            f"{item.name} after {item.name}", f"all {item.name.replace('_', ' ')}, one by one,"
        )
        yield f"        {loop} page in self._calls.pages(self._{name}, request, timeout):\n"
        yield f"            for item in page.{item.name}:\n                yield item\n"


def doc(comment: str, spaces: int) -> str:
    """The comment of the contract as a docstring."""
    text = "\n".join(line.strip() for line in comment.strip().splitlines()).replace("\\", "\\\\").replace('"""', "'''")
    if text.endswith('"'):
        text += " "
    pad = " " * spaces
    return f'{pad}"""' + text.replace("\n", "\n" + pad).replace("\n" + pad + "\n", "\n\n") + '"""\n'


if __name__ == "__main__":
    import sys

    generate(pathlib.Path(__file__).resolve().parent.parent.parent, pathlib.Path(sys.argv[1]))
