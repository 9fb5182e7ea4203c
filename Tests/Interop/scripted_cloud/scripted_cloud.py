#!/usr/bin/env python3
"""Runs the gateway against a scripted hub and prints a JSON verdict for each check, one a line.

    scripted_cloud.py --gatehouse PATH [--scenario NAME ...] [--slow] [--certs DIR] [--work DIR] [--port N]

Exit code 0 when every check of every scenario passed, 1 when one did not, 2 when it could not run.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def report(verdict):
    print(json.dumps(verdict, default=str), flush=True)


async def run_one(name, function, arguments, scenarios):
    folder = os.path.join(arguments.work, name)
    shutil.rmtree(folder, ignore_errors=True)
    run = scenarios.Run(name, arguments.gatehouse, arguments.certs, folder, report, arguments.port)
    began = time.monotonic()
    try:
        await function(run)
    except Exception as error:
        run.check("the scenario ran to its end", False, "".join(traceback.format_exception(error))[-800:])
    finally:
        await run.gateway.stop(timeout=5)
        await run.hub.close()
    verdict = {"scenario": name, "verdict": "failed" if run.failed else "passed",
               "seconds": round(time.monotonic() - began, 1)}
    if run.failed:
        verdict["log"] = run.gateway.log
    report(verdict)
    return run.failed == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gatehouse", help="the binary under test")
    parser.add_argument("--scenario", action="append", help="one scenario; may be given several times; all by default")
    parser.add_argument("--slow", action="store_true", help="with those that take minutes")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument("--certs", help="where certificates are, or are made; a new folder by default")
    parser.add_argument("--work", help="where each scenario keeps state and log; a new folder by default")
    parser.add_argument("--port", type=int, default=0, help="the hub's port; a free one by default")
    arguments = parser.parse_args()
    try:
        import scenarios
    except ImportError as error:
        print(f"{error}: install requirements.txt in a virtual environment", file=sys.stderr)
        return 2
    if arguments.list:
        for name, function in scenarios.ALL.items():
            print(f"{name:24} {(function.__doc__ or '').strip()}")
        return 0
    if not arguments.gatehouse or not os.access(arguments.gatehouse, os.X_OK):
        print("--gatehouse must name the binary", file=sys.stderr)
        return 2
    arguments.gatehouse = os.path.abspath(arguments.gatehouse)
    temporary = tempfile.mkdtemp(prefix="scripted-cloud-")
    arguments.certs = os.path.abspath(arguments.certs or os.path.join(temporary, "certs"))
    arguments.work = os.path.abspath(arguments.work or os.path.join(temporary, "work"))
    scenarios.prepare(arguments.certs)
    names = arguments.scenario or [
        name for name, function in scenarios.ALL.items() if arguments.slow or function in scenarios.QUICK]
    unknown = [name for name in names if name not in scenarios.ALL]
    if unknown:
        print(f"no scenario {', '.join(unknown)}; --list shows them", file=sys.stderr)
        return 2

    async def run_all():
        return [await run_one(name, scenarios.ALL[name], arguments, scenarios) for name in names]

    passed = asyncio.run(run_all())
    report({"verdict": "passed" if all(passed) else "failed", "passed": sum(passed), "of": len(passed)})
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
