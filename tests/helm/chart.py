"""The chart, its settings and its alerts, without a cluster:

    python3 tests/helm/chart.py target/release/quanyu [WORD]

tests/helm/run installs what it needs: helm, promtool, checkov, kubernetes-validate. Each check is a sentence; WORD chooses
some of them. The last line counts them.
"""

import inspect
import os
import sys
import time
import traceback

import configuration
import image
import manifests
import monitoring
import settings


def main():
    binary, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    passed = failed = 0
    for check in (*image.CHECKS, *settings.CHECKS, *manifests.CHECKS, *configuration.CHECKS, *monitoring.CHECKS):
        name = check.__name__.replace("_", " ")
        if not all(word in name for word in words):
            continue
        began = time.monotonic()
        try:
            check(binary) if inspect.signature(check).parameters else check()
            passed += 1
            print(f"ok     {name} ({time.monotonic() - began:.2f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {name}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
