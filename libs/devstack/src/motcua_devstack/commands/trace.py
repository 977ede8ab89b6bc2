"""`./dev trace ID`: one trace as a tree."""

import argparse

from motcua_devstack import spans, traces
from motcua_devstack.errors import DevError
from motcua_devstack.paths import STATE


def run(options: argparse.Namespace) -> int:
    """Print the trace whose id begins with the given digits."""
    files = STATE.glob(f"{options.name or '*'}/spans.jsonl")
    found = traces.by_trace(span for file in files for span in spans.read(file))
    matching = [trace_id for trace_id in found if trace_id.startswith(options.trace_id.lower())]
    if not matching:
        raise DevError(f"no trace {options.trace_id} among {len(found)}; ./dev demo prints the ids of its steps")
    if len(matching) > 1:
        raise DevError(f"{len(matching)} traces begin with {options.trace_id}; give more digits")
    for line in traces.draw(found[matching[0]]):
        print(line)
    return 0
