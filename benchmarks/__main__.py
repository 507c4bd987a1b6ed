"""`python -m benchmarks [--full] [--only NAME…]`: measures, and writes the results.

`NAMES` is the register: for each of them a module of this package has `measure(quick) -> Section`.
"""

import argparse
import importlib
import os
import sys
import time

from benchmarks import machine, report

NAMES = ("step", "consumers", "latency", "end_to_end", "imports", "reads", "decisions", "start")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures, and writes benchmarks/results.md."
    )
    parser.add_argument(
        "--full", action="store_true", help="at full size; else all of them take less than five minutes"
    )
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=", ".join(NAMES))
    options = parser.parse_args()
    failed = []
    for name in options.only:
        print(f"{name} …", flush=True)
        started = time.monotonic()
        try:
            module = importlib.import_module(f"benchmarks.{name}")
            on = machine.described()
            report.write(name, module.measure(not options.full), on, quick=not options.full)
        except ModuleNotFoundError as error:
            print(f"{name}: {error.name} is missing: deploy/local/setup.sh bench installs it", file=sys.stderr)
            failed.append(name)
        else:
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    print(
        f"{os.path.relpath(report.RESULTS)} is written" if len(failed) < len(options.only) else "nothing was measured"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
