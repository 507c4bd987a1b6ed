"""supervisord that ends with whoever started it: it stops when its standard input is closed."""

import os
import signal
import threading

from supervisor import supervisord


def _stop_when_abandoned() -> None:
    # nobody writes: reading ends when the starter closes its end, which the kernel does for it even after SIGKILL
    while os.read(0, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_when_abandoned, daemon=True).start()
    supervisord.main()
