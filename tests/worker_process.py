"""A worker as its own process, for tests that kill it: `python worker_process.py NAME`."""

import signal
import sys
import threading

import django

django.setup()

from schoolkeeper.engine.worker import work  # noqa: E402  # needs Django set up

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
sys.exit(work(sys.argv[1], stop))
