"""Whether /openapi.json is a document that tools can read, and leaves no public method out."""

import importlib
import pathlib
import re

from google.api import annotations_pb2

METHODS = {"get", "put", "post", "delete", "patch"}


def public_methods():
    """Every method of the contracts that has an address in REST, as "Service_Method"."""
    import quanyu

    found = set()
    root = pathlib.Path(list(quanyu.__path__)[0]).parent
    for path in root.glob("quanyu/**/*_pb2.py"):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        for service in importlib.import_module(name).DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                if method.GetOptions().HasExtension(annotations_pb2.http):
                    found.add(f"{service.name}_{method.name}")
    return found


def check(document):
    """Fails with everything that is wrong."""
    wrong = []
    if not re.fullmatch(r"3\.[01]\.\d+", document.get("openapi", "")):
        wrong.append(f"openapi is {document.get('openapi')}")
    for field in ("title", "version"):
        if not document.get("info", {}).get(field):
            wrong.append(f"info.{field} is missing")
    operations = [
        (path, verb, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in METHODS
    ]
    ids = [operation.get("operationId") for _, _, operation in operations]
    wrong += [f"{double} is there twice" for double in {each for each in ids if ids.count(each) > 1}]
    wrong += [f"{missing} is missing" for missing in sorted(public_methods() - set(ids))]
    wrong += [f"{unknown} is no public method" for unknown in sorted(set(ids) - public_methods())]
    for path, verb, operation in operations:
        place = f"{verb} {path}"
        variables = set(re.findall(r"\{([^}]+)\}", path))
        parameters = [resolve(document, parameter, wrong) for parameter in operation.get("parameters", [])]
        told = {parameter["name"] for parameter in parameters if parameter.get("in") == "path"}
        if variables != told:
            wrong.append(f"{place} tells {told} of {variables}")
        wrong += [f"{place}: {parameter['name']} has no schema" for parameter in parameters if "schema" not in parameter]
        if not operation.get("description"):
            wrong.append(f"{place} has no description")
        if "200" not in operation.get("responses", {}):
            wrong.append(f"{place} has no good answer")
    references(document, document, wrong)
    assert not wrong, "\n".join(wrong)
    return len(operations)


def resolve(document, value, wrong):
    """What a reference leads to; a value that is none leads to itself."""
    reference = value.get("$ref") if isinstance(value, dict) else None
    if not isinstance(reference, str):
        return value
    found = document
    for part in reference.removeprefix("#/").split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or part not in found:
            wrong.append(f"{reference} leads nowhere")
            return {}
        found = found[part]
    return found


def references(document, value, wrong):
    """Follows every reference in the document."""
    if isinstance(value, dict):
        resolve(document, value, wrong)
        for child in value.values():
            references(document, child, wrong)
    elif isinstance(value, list):
        for child in value:
            references(document, child, wrong)
