"""A service that has imported everything and waits for the word to begin: `python -m deploy.local.held NAME FILE`.

Importing takes a second of CPU a service. It is done while RabbitMQ starts, which leaves a core idle; the service
begins when FILE exists, that is when the servers answer and the queues are there.
"""

import importlib
import runpy
import sys
import time
from pathlib import Path


def main() -> None:
    name, word = sys.argv[1:]
    importlib.import_module(f"services.{name}.app")
    while not Path(word).exists():
        time.sleep(0.02)
    sys.argv = [f"services.{name}"]
    runpy.run_module(f"services.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
