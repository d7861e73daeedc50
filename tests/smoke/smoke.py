"""A user's story with the released binary, from outside: `quanyu up`, curl, grpcurl and a Python client that protoc made
from the contracts.

    python3 tests/smoke/smoke.py target/release/quanyu

PYTHONPATH holds the generated client. Each step is a sentence; the steps follow each other, as in a story, in the order in
which the stories are imported here. The last line counts them.
"""

import os
import sys
import tempfile
import time
import traceback

import grpc

import story_beginning  # noqa: F401
import story_grpcurl  # noqa: F401
import story_postings  # noqa: F401
import story_pools  # noqa: F401
import story_views  # noqa: F401
import story_merges  # noqa: F401
import story_end  # noqa: F401
from calls import details
from world import STEPS, World


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="quanyu-smoke.") as folder:
        world = World(os.path.abspath(sys.argv[1]), folder)
        try:
            for step in STEPS:
                name = step.__name__.replace("_", " ")
                began = time.monotonic()
                try:
                    step(world)
                    passed += 1
                    print(f"ok    {name} ({time.monotonic() - began:.2f} s)", flush=True)
                except Exception as error:
                    failed += 1
                    print(f"FAILED {name}", flush=True)
                    if isinstance(error, grpc.RpcError) and error.trailing_metadata():
                        print(details(error), flush=True)
                    traceback.print_exc(file=sys.stdout)
                    if world.up is None:
                        break
        finally:
            if world.up:
                world.up.kill()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
