"""Who reads and writes JSON of protobuf: the gateway and Go by programs that answer lines, Python by its own library."""

import base64
import json
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


class Refused(Exception):
    """What one of them does not read or write, and why."""


class Program:
    """A program that answers a line of JSON with another: the gateway's example "transcoder", and go/values."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise Refused(f"{answer.get('status', '')} {answer['error']}".strip())
        return answer

    def write(self, type_name, binary):
        return self.ask(do="write", type=type_name, binary=base64.b64encode(binary).decode())["json"]

    def read(self, type_name, text):
        return base64.b64decode(self.ask(do="read", type=type_name, json=text)["binary"])

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class Python:
    """The library google.protobuf, on the same descriptors."""

    def __init__(self, descriptors):
        self.pool = descriptor_pool.DescriptorPool()
        with open(descriptors, "rb") as file:
            self.files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
        for file in self.files.file:
            self.pool.Add(file)

    def of(self, type_name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(type_name))

    def types(self, prefix):
        """The full names of all messages of packages that begin so, without the entries of maps."""

        def within(package, messages):
            for message in messages:
                if not message.options.map_entry:
                    name = f"{package}.{message.name}"
                    yield name
                    yield from within(name, message.nested_type)

        for file in self.files.file:
            if file.package.startswith(prefix):
                yield from within(file.package, file.message_type)

    def write(self, type_name, binary):
        try:
            message = self.of(type_name).FromString(binary)
            return json_format.MessageToJson(
                message, always_print_fields_with_no_presence=True, descriptor_pool=self.pool, indent=None
            )
        except Exception as error:
            raise Refused(str(error)) from error

    def read(self, type_name, text):
        try:
            message = self.of(type_name)()
            json_format.Parse(text, message, descriptor_pool=self.pool)
            return message.SerializeToString(deterministic=True)
        except Exception as error:
            raise Refused(f"{error}") from error

    def canonical(self, type_name, binary):
        """The same text for the same values, however they were written: of NaN there are many bytes, and maps have no order."""
        return str(self.of(type_name).FromString(binary))
