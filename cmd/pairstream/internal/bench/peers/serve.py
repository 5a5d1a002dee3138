"""The peers' side of the benchmark: one JSON object a line on standard input, one on standard output."""

import json
import os
import sys
import time
import traceback

replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever a package prints must not come between the replies


def reply(**fields):
    replies.write(json.dumps(fields) + "\n")
    replies.flush()


def repeat(call, seconds):
    start, calls, took = time.perf_counter(), 0, 0.0
    while calls == 0 or took < seconds:
        call()
        calls += 1
        took = time.perf_counter() - start
    return calls, took


def serve(load):
    """load() returns versions, and by case a function of the arguments that returns a call without arguments.

    What the call returns is written to the file that the arguments name: an array, or None. forget() drops what the
    cases keep between them.
    """
    try:
        versions, cases, forget = load()
    except ImportError as e:
        return reply(error=f"not installed: {e}")
    reply(versions=versions)
    jobs = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "prepare":
                args = request["args"]
                call = jobs[request["job"]] = cases[request["case"]](args)
                output = call()
                if output is not None:
                    output.astype("<f4").tofile(args["output"])
                reply()
            elif request["op"] == "run":
                calls, took = repeat(jobs[request["job"]], request.get("seconds", 0))
                reply(calls=calls, seconds=took)
            else:
                jobs.clear()
                forget()
                reply()
        except Exception as e:
            traceback.print_exc()
            reply(error=f"{type(e).__name__}: {e}"[:500])
