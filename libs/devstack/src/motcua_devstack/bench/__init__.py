"""`./dev bench`: the speed of the suite as ratios to its limits, measured side by side in one run.

A speed in calls a second says more about the machine than about the suite. So each row has a limit: the bare operations
that the suite's action cannot do without (a gRPC handler that finds one document, a Celery task that does nothing),
measured in the same run, in rounds that alternate: suite, limit, limit, suite … A row's ratio is what a change to the
suite may move; it holds on another machine.

How a row is written
    One small module a row, whose `probes()` gives its probes, entered in `registry.py`. A probe (`rows.Probe`) has

    - `name`: of its line (`read 8 clients`); `unit` (`calls/s`); `better` (`Better.HIGHER` or
      `Better.LOWER`); `target`: the ratio that is asked for, or None;
    - `setup(bench)`: make what is measured; `bench` says where the stack is, how long a sample may take, and more;
    - `measure()` and `limit()`: one sample of the suite and one of its limit; the limit is None where there is none;
    - `close()`: end and remove what `setup` made, also when `setup` failed in the middle.

    A `Sample` is a value in the probe's unit and details by name (`p95 ms`), shown beside it. The ratio is always suite
    to limit: a target is met when the ratio is at least the target for `HIGHER`, at most the target for `LOWER` (a
    latency of 1.2 × its limit has the ratio 1.2). Values, details and ratios are medians over the rounds; the spread is
    half the distance between the quartiles of the rounds' ratios, relative to the median.

Modules: `rows` (Sample, Probe, Row, statistics), `rounds` (turns), `budget` (the time of a run, divided), `shared`
(what several rows use), `table` (text, JSON, comparison), `clients` (client processes in a closed loop), `servers` (a
dossier service on a database of its own), `bare` (a server that does one store operation a call), `dossiers` (one of
each, with the same dossiers), `calling` (probes that call both in turns), `population` (databases full of dossiers),
`records` (dossiers of an old system), `profile` (py-spy), `registry`, and the rows.
"""
