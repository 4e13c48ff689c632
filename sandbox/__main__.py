"""`python -m sandbox --port 8900`: run the sandbox until it is interrupted."""

import argparse
import signal
import threading
from datetime import UTC, datetime

from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN, build_world
from sandbox.server import start
from sandbox.state.clock import to_ms


def main() -> None:
    """Read the command line, start, wait."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A pretend Qualtrics for demo and tests.")
    parser.add_argument("--port", type=int, default=8900, help="the railway's port; the bank's is the next one")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same brands and answers")
    parser.add_argument(
        "--made-at",
        type=datetime.fromisoformat,
        metavar="MOMENT",
        help="make the history as of then: the same at each start",
    )
    parser.add_argument(
        "--live-feed", "--trickle", type=float, metavar="SECONDS", help="a new response every so many seconds"
    )
    parser.add_argument("--small", action="store_true", help="a tenth of the answers")
    parser.add_argument("--no-limits", action="store_true", help="never answer 429 by itself")
    options = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    world = build_world(options.seed, small=options.small, now=options.made_at)
    world.clock.set(to_ms(datetime.now(UTC)))
    with start(options.port, world=world, live_feed=options.live_feed) as sandbox:
        sandbox.world.settings.limits = not options.no_limits
        print(f"Sandbox Qualtrics at {sandbox.url}/ (railway) and http://{sandbox.other_host}/ (bank)")
        print(f"Tokens: railway {RAILWAY_TOKEN}, bank {BANK_TOKEN}", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
