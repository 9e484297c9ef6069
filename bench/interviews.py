"""Many interviews at once on one server, with a hostile client among them.

python -m bench.interviews [--interviews 200] [--seconds 300] [--pause 5] [--hostile]

Each interview answers a question every few seconds and waits for the changed recommendation and then for the next
question, as the page does. Reported: how long the changed recommendation took, in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
from base64 import b64encode
from contextlib import suppress
from statistics import median, quantiles
from time import perf_counter

from bench.organisations import list_organisations
from cxrules.language.facts import FactValue
from cxrules.rulebase import RuleBase

HOST = "127.0.0.1"
_ORGANISATIONS = 100
_PATIENCE = 30  # seconds after which a person gives up


class Interview:
    """One person with the page open: a separate connection, and an organisation that grows."""

    def __init__(self, port: int, seed: int, organisations: list[dict[str, FactValue]]) -> None:
        self._port = port
        self._organisations = organisations
        self._random = random.Random(seed)  # noqa: S311 - not a secret
        self.times: list[float] = []
        self.errors: list[str] = []

    async def hold(self, until: float, pause: float) -> None:
        """Answer until the time is up."""
        await asyncio.sleep(self._random.uniform(0, pause))
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            while perf_counter() < until:
                whole = list(self._random.choice(self._organisations).items())
                for known in range(1, len(whole) + 1):
                    if perf_counter() >= until:
                        break
                    facts = dict(whole[:known])
                    started = perf_counter()
                    await asyncio.wait_for(self._ask(reader, writer, "recommend", {"facts": facts}), _PATIENCE)
                    self.times.append((perf_counter() - started) * 1000)
                    await asyncio.wait_for(self._ask(reader, writer, "next-questions", {"facts": facts}), _PATIENCE)
                    await asyncio.sleep(self._random.uniform(0.6, 1.4) * pause)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            self.errors.append(repr(error))
        finally:
            writer.close()

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, operation: str, request: object
    ) -> None:
        body = json.dumps(request).encode()
        head = f"POST /page/{operation} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        status = await reader.readline()
        length = 0
        while (line := await reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        await reader.readexactly(length)
        if b" 200 " not in status:
            raise ValueError(f"{operation}: {status!r}")


async def annoy(port: int, until: float) -> None:
    """Send what a hostile client would, until the time is up: huge and slow bodies, unknown facts."""
    unknown = json.dumps({"facts": {f"fact_{number}": "x" for number in range(3000)}}).encode()
    while perf_counter() < until:
        with suppress(OSError, asyncio.IncompleteReadError):
            _, slow = await asyncio.open_connection(HOST, port)
            slow.write(b"POST /page/recommend HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{")
            for body in (b"x" * 5_000_000, unknown, b'{"facts":' * 10_000):
                reader, writer = await asyncio.open_connection(HOST, port)
                writer.write(b"POST /page/recommend HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
                with suppress(OSError):
                    writer.write(body)
                    await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1000), 2)
                writer.close()
            await asyncio.sleep(0.2)
            slow.close()


def make_tables() -> list[bytes]:
    """Make the bodies of hostile tables: wide, long, full of mistakes and, if PyArrow is installed, packed."""
    wide = ",".join(f"silo{number}" for number in range(60_000))
    long = "silos,maturity,retention_budget_share\n" + "severe,early,15 %\n" * 100_000
    wrong = "silos\n" + "".join(f"sever{number}\n" for number in range(100_000))
    files = {"wide.csv": wide.encode(), "long.csv": long.encode(), "wrong.csv": wrong.encode()}
    with suppress(ImportError):
        import pyarrow as pa
        from pyarrow import parquet

        packed = pa.BufferOutputStream()
        parquet.write_table(pa.table({"silos": pa.nulls(3_000_000, pa.string())}), packed)
        files["nulls.parquet"] = packed.getvalue().to_pybytes()
    return [json.dumps({"name": name, "base64": b64encode(each).decode()}).encode() for name, each in files.items()]


async def annoy_with_tables(port: int, until: float, body: bytes) -> None:
    """Send a table again and again, together with a head that never ends."""
    while perf_counter() < until:
        with suppress(OSError, asyncio.IncompleteReadError):
            _, endless = await asyncio.open_connection(HOST, port)
            endless.write(b"POST /page/table HTTP/1.1\r\nHost: x\r\n")
            reader, writer = await asyncio.open_connection(HOST, port)
            head = b"POST /page/table HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            writer.write(head % len(body) + body)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), max(until - perf_counter(), 0.1))
            writer.close()
            endless.close()


async def measure(port: int, interviews: int, seconds: float, pause: float, *, hostile: bool) -> list[Interview]:
    """Conduct the interviews."""
    organisations = list_organisations(RuleBase.builtin(), _ORGANISATIONS)
    until = perf_counter() + seconds
    people = [Interview(port, seed, organisations) for seed in range(interviews)]
    tasks = [person.hold(until, pause) for person in people]
    if hostile:
        tasks.append(annoy(port, until))
        tasks += [annoy_with_tables(port, until, body) for body in make_tables()]
    await asyncio.gather(*tasks)
    return people


def start_server() -> tuple[subprocess.Popen[str], int]:
    """Start `cxrules serve` on a free port and wait until it answers."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cxrules", "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    server.stdout.readline()
    return server, port


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.interviews", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--interviews", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--pause", type=float, default=5)
    parser.add_argument("--hostile", action="store_true")
    given = parser.parse_args()
    server, port = start_server()
    try:
        people = asyncio.run(measure(port, given.interviews, given.seconds, given.pause, hostile=given.hostile))
    finally:
        server.terminate()
        server.wait()
    times = [time for person in people for time in person.times]
    errors = [error for person in people for error in person.errors]
    print(f"{given.interviews} interviews, {len(times)} answers in {given.seconds:g} s, {len(errors)} errors")
    usual, slow = median(times), quantiles(times, n=20)[-1]
    print(f"median {usual:.1f} ms, 95th percentile {slow:.1f} ms, longest {max(times):.1f} ms")
    for error in errors[:5]:
        print(error)
    return int(bool(errors))


if __name__ == "__main__":
    sys.exit(main())
