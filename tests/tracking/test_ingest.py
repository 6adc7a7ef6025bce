"""Spool -> database: every byte once, whatever is cut, repeated or broken."""

from __future__ import annotations

import json
import math
import random

import pytest

from modelyard.errors import NotFound
from tests.tracking.conftest import Bench

LINES = [
    *(json.dumps({"t": 1e9 + n, "m": {"loss": 1 / (n + 1)}, "s": n}) for n in range(50)),
    json.dumps({"t": 1.0, "m": {"odd": "NaN", "loss": "Infinity"}, "s": 7}),
    json.dumps({"p": {"C": "1.0"}}),
    json.dumps({"g": {"a": "b", "ü": "ß"}}),
    *(json.dumps({"o": f"line {n} é\n", "n": 1 + n % 2}) for n in range(20)),
]
SPOOL = "".join(f"{line}\n" for line in LINES).encode()


def test_pieces_in_any_order_and_cut_anywhere_add_up(bench: Bench) -> None:
    noise = random.Random(1)
    run = bench.run()
    held = 0
    while held < len(SPOOL):
        start = noise.choice([held, max(0, held - 300), 0, held + 50])
        piece = SPOOL[start : start + noise.randrange(900)]
        now = bench.manager.ingest(run.id, start, piece).offset
        assert held <= now and SPOOL[:now].endswith(b"\n" if now else b"")
        held = now
    found = bench.manager.run(run.id)
    history = bench.manager.history(run.id, "loss")
    assert history.steps == [*range(50), 7]
    assert history.values == [*(1 / (n + 1) for n in range(50)), "Infinity"]
    assert history.times == [*(1e9 + n for n in range(50)), 1.0]
    assert found.metrics["loss"].count == 51 and found.metrics["loss"].max == "Infinity"
    assert found.metrics["odd"].last == "NaN" and found.metrics["odd"].min == "NaN"
    assert (found.params, found.tags) == ({"C": "1.0"}, {"a": "b", "ü": "ß"})
    assert bench.manager.output(run.id, 0).text == "".join(f"line {n} é\n" for n in range(20))


def test_a_torn_last_line_waits_for_its_rest(bench: Bench) -> None:
    run = bench.run()
    line = b'{"m":{"a":1.5},"s":3}\n'
    assert bench.manager.ingest(run.id, 0, line + line[:9]).offset == len(line)
    assert bench.manager.ingest(run.id, len(line), line).offset == 2 * len(line)
    assert bench.manager.history(run.id, "a").values == [1.5, 1.5]


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe not json", b"[]", b"null", b'{"m":5}', b'{"m":{"a":"x"}}', b'{"m":{"":1}}',
        b'{"m":{"a":1},"s":99999999999999999999}', b'{"m":{"a":1},"t":1e999}', b'{"s":"x"}',
        b'{"p":{"k":1}}', b'{"f":{"status":"nonsense"}}', b'{"a":"../../x","d":"y"}', b"",
        b'{"o":5}', b'{"a":"source/\\u0000","d":"y"}', b'{"g":{"\\n":"x"}}', b"{" * 3000,
    ],
)  # fmt: skip
def test_garbage_is_left_out_and_the_rest_is_kept(bench: Bench, garbage: bytes) -> None:
    run = bench.run()
    data = b'{"m":{"a":1}}\n' + garbage + b'\n{"m":{"a":2},"s":1}\n'
    assert bench.post(run, data) == len(data)
    assert bench.manager.history(run.id, "a").values == [1.0, 2.0]
    assert bench.manager.files.list(run.id, recursive=True) == []


def test_a_crash_after_the_output_was_written_repeats_nothing(bench: Bench) -> None:
    run = bench.run()
    bench.post(run, b'{"o":"one\\n"}\n')
    # The server died between writing output and committing: the file is ahead of the database.
    log = bench.paths.logs / "runs" / f"{run.id}.txt"
    log.write_text("one\ntwo\nhalf of thr")
    bench.reopen()
    assert bench.manager.output(run.id, 0).text == "one\n"
    bench.post(run, b'{"o":"two\\n"}\n')
    assert bench.manager.output(run.id, 0).text == "one\ntwo\n"


def test_output_is_read_piece_by_piece_and_becomes_an_artifact(bench: Bench) -> None:
    run = bench.run()
    bench.post(run, b'{"o":"h\xc3\xa9llo "}\n{"o":"world\\n","n":2}\n')
    first = bench.manager.output(run.id, 0)
    assert (first.text, first.offset, first.ended) == ("héllo world\n", 13, False)
    bench.post(run, b'{"o":"bye\\n"}\n{"f":{"status":"finished"}}\n')
    rest = bench.manager.output(run.id, first.offset)
    assert rest.text == "bye\n"
    assert bench.manager.output(run.id, rest.offset).ended
    names = [info.path for info in bench.manager.files.list(run.id, ".modelyard")]
    assert names == [".modelyard/log.txt"]


def test_small_files_land_in_our_folder(bench: Bench) -> None:
    run = bench.run()
    bench.post(run, b'{"a":"source/my code.py","d":"print(1)\\n"}\n')
    assert bench.manager.files.list(run.id) == []
    found = bench.manager.files.list(run.id, ".modelyard", recursive=True)
    assert [info.path for info in found] == [".modelyard/source/my code.py"]
    path = bench.manager.files.path(run.id, ".modelyard/source/my code.py")
    assert path.read_text() == "print(1)\n"


def test_nothing_is_taken_after_the_end(bench: Bench) -> None:
    run = bench.ended()
    before = bench.manager.ingest(run.id, 0, b"").offset
    assert bench.manager.ingest(run.id, before, b'{"m":{"a":1}}\n').offset == before
    with pytest.raises(NotFound):
        bench.manager.history(run.id, "a")


def test_a_million_points_keep_their_extremes(bench: Bench) -> None:
    run = bench.run()
    count = 1_000_000
    values = [math.sin(n / 5e4) for n in range(count)]
    values[123_457], values[765_433] = -99.5, 99.25
    values[500_000] = math.nan
    lines = (
        f'{{"t":{1.7e9 + n / 100},"m":{{"a":"NaN"}},"s":{n}}}'
        if v != v
        else f'{{"t":{1.7e9 + n / 100},"m":{{"a":{v}}},"s":{n}}}'
        for n, v in enumerate(values)
    )
    data = ("\n".join(lines) + "\n").encode()
    held = 0
    while held < len(data):
        held = bench.manager.ingest(run.id, held, data[held : held + (4 << 20)]).offset
    for wanted in (1000, 4000, 40_000):
        history = bench.manager.history(run.id, "a", wanted)
        numbers = [v for v in history.values if isinstance(v, float)]
        assert len(history.values) <= wanted
        assert (min(numbers), max(numbers)) == (-99.5, 99.25)
        assert history.steps[numbers.index(-99.5)] in range(123_457, 123_458)
        assert (history.steps[0], history.steps[-1]) == (0, count - 1)
        assert history.count == count
    summary = bench.manager.run(run.id).metrics["a"]
    assert (summary.min, summary.max, summary.count) == (-99.5, 99.25, count)
    assert bench.manager.history(run.id, "a").values[765_433] == 99.25


def test_duplicate_and_falling_steps_stay_in_order(bench: Bench) -> None:
    run = bench.run()
    steps = [5, 5, 1, 1_000_000, -3, 0]
    for step in steps:
        bench.post(run, b'{"m":{"a":%d},"s":%d}\n' % (step, step))
    bench.post(run, b'{"f":{"status":"finished"}}\n')  # which seals the tail
    history = bench.manager.history(run.id, "a")
    assert history.steps == steps and history.values == steps
    assert bench.manager.run(run.id).metrics["a"].step == 0
