"""Deploy -> first 200 with a cached environment, one row's latency, and an update under load.

    python benchmarks/serving_deploy.py [--engine docker|process] [--rounds N]

Bars (DESIGN.md section 5): deploy with cached environment -> first 200 <= 6 s; scoring one row of
a scikit-learn pipeline over one connection p50 <= 0.6 ms. An update must lose no request.
Docker needs the base image (`modelyard image base`).
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.serving.bench import Bench, post, until

X, Y = load_breast_cancer(return_X_y=True)
BODY = json.dumps({"data": X[:1].tolist()}).encode()


def answers(url: str, key: str) -> bool:
    """Whether a request gets its predictions."""
    try:
        return post(url, BODY, key)[0] == 200
    except OSError:
        return False


def deploy(bench: Bench, name: str) -> float:
    """Seconds from the request until the endpoint answers with 200."""
    begun = time.perf_counter()
    made = bench.deploy(name, "cancer:1", wait=False)
    key = bench.serving.keys(name).keys[0]
    until(lambda: answers(made.url, key), 600)
    return time.perf_counter() - begun


def latency(port: int, key: str, requests: int) -> list[float]:
    """Milliseconds of each of many requests over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {key}"}
    taken = []
    for _ in range(requests):
        begun = time.perf_counter()
        connection.request("POST", "/score", BODY, headers)
        connection.getresponse().read()
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


class Load:
    """Callers that never pause; every second one opens a connection for each request."""

    def __init__(self, port: int, key: str, clients: int) -> None:
        self.answered = [0] * clients
        self.failures: list[str] = []
        self.slowest = 0.0
        self._target = (port, key)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, number: int) -> None:
        port, key = self._target
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {key}"}
        while not self._stop.is_set():
            begun = time.perf_counter()
            try:
                connection.request("POST", "/score", BODY, headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(str(answer.status))
                self.answered[number] += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            if number % 2:
                connection.close()
        connection.close()


def update_under_load(bench: Bench, name: str, rounds: int) -> None:
    """Replace a deployment again and again while clients call, and count what was lost."""
    endpoint = bench.serving.get(name)
    with Load(endpoint.port, bench.serving.keys(name).keys[0], 8) as load:
        for _ in range(rounds):
            bench.deploy(name, "cancer:1")
    answered = sum(load.answered)
    print(f"{rounds} updates under 8 clients: {answered} answered, {len(load.failures)} failed")
    print(f"slowest answer while updating: {load.slowest * 1000:.0f} ms {load.failures[:3]}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="docker", choices=["docker", "process"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X, Y)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder) / "ws", options.engine, Path(folder) / "environments")
        try:
            bench.register("cancer", model)
            bench.serving.start()
            print(f"first deploy, environment made ready on the way: {deploy(bench, 'e0'):.1f} s")
            cached = [deploy(bench, f"e{n + 1}") for n in range(options.rounds)]
            print(f"deploy with cached environment -> first 200: {statistics.median(cached):.2f} s")
            for number in range(1, options.rounds + 1):
                bench.serving.delete(f"e{number}")
                bench.gone(f"e{number}")
            endpoint, key = bench.serving.get("e0"), bench.serving.keys("e0").keys[0]
            latency(endpoint.port, key, 500)
            taken = sorted(latency(endpoint.port, key, 3000))
            print(f"one row, one connection: p50 {taken[1500]:.2f} ms, p99 {taken[2970]:.2f} ms")
            update_under_load(bench, "e0", options.rounds)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
