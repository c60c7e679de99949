"""The queue's metrics leave a process over OTLP, where its traces go."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from subprocess import run
from threading import Thread

PROCESS = """
import sys
from opentelemetry import metrics
from chassis.settings import TelemetrySettings
from chassis.telemetry import configure_telemetry
from services.validation.clients.metrics import OpenTelemetryGauge

configure_telemetry(TelemetrySettings(otlp_endpoint=sys.argv[1]), "MIN")
OpenTelemetryGauge(metrics.get_meter("harmonia.validation")).waiting(3, 40.0)
"""


@contextmanager
def a_collector(taken: list[tuple[str, bytes]]) -> Iterator[str]:
    """A collector that notes what it is sent."""

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Taking)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_wait_of_the_queue_reaches_the_collector() -> None:
    taken: list[tuple[str, bytes]] = []
    with a_collector(taken) as endpoint:
        run([sys.executable, "-c", PROCESS, endpoint], check=True, timeout=60)

    names = b"".join(content for path, content in taken if path == "/v1/metrics")
    assert b"harmonia.validation.queue.oldest" in names
    assert b"harmonia.validation.queue.length" in names
