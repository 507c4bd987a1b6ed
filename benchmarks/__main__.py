"""`python -m benchmarks [--full] [--only NAME…]`: measures, and writes the results.

`NAMES` is the register: for each of them a module of this package has `measure(quick) -> Section`.
"""

import argparse
import importlib
import os
import subprocess
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
    if len(options.only) > 1:  # each in a process of its own: what one holds in memory would be another's
        again = [sys.executable, "-m", "benchmarks", *(["--full"] if options.full else []), "--only"]
        return max([subprocess.run([*again, name], check=False).returncode for name in options.only])
    (name,) = options.only
    print(f"{name} …", flush=True)
    started = time.monotonic()
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        print(f"{name}: {error.name} is missing: deploy/local/setup.sh bench installs it", file=sys.stderr)
        return 1
    on = machine.described()
    report.write(name, module.measure(not options.full), on, quick=not options.full)
    print(f"{name}: {time.monotonic() - started:.0f} s, written to {os.path.relpath(report.RESULTS)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
