"""Calls `echo` as it is asked to by lines on stdin, `serial <calls>` or `throughput <in flight> <ms>`; answers in JSON."""
import json
import sys
import time
from collections import deque

from celery_app import echo


def check(answer, x):
    if answer["x"] != x:
        raise RuntimeError(f"Cannot count call {x} as its result is wrong: {answer}")


def serial(calls):
    times = []
    for x in range(calls):
        start = time.perf_counter()
        check(echo.delay({"x": x}).get(timeout=30), x)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return {"p50": times[calls // 2], "p95": times[int(calls * 0.95)]}


def throughput(in_flight, ms):
    start = time.perf_counter()
    end = start + ms / 1000
    under_way = deque((x, echo.delay({"x": x})) for x in range(in_flight))
    x = in_flight
    answered = 0
    while under_way:
        asked, result = under_way.popleft()
        check(result.get(timeout=30), asked)
        answered += 1
        if time.perf_counter() < end:
            under_way.append((x, echo.delay({"x": x})))
            x += 1
    return {"calls": answered, "took": (time.perf_counter() - start) * 1000}


for line in sys.stdin:
    what, *numbers = line.split()
    act = {"serial": serial, "throughput": throughput}[what]
    print(json.dumps(act(*map(int, numbers))), flush=True)
