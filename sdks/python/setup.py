"""Adds the code that is generated from the contracts to what is built."""

import pathlib
import sys

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


class BuildWithContracts(build_py):
    def run(self):
        import generate

        super().run()
        generate.generate(HERE.parent.parent, pathlib.Path(self.build_lib))


setup(cmdclass={"build_py": BuildWithContracts})
