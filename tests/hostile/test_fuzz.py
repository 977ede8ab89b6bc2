"""Every RPC and every page with hostile input, the same at each run; `./dev fuzz` goes on with other seeds."""

from __future__ import annotations

from contextlib import closing

from motcua_devstack.fuzz.campaign import Campaign
from motcua_devstack.fuzz.pages import Pages
from motcua_devstack.fuzz.tally import Tally
from motcua_devstack.fuzz.town import Town

SEED = 20261123
REQUESTS_PER_RPC = 12
REQUESTS_PER_SITE = 150
RPCS = 80
"""There are more; a campaign that finds fewer looks in the wrong place."""


def told(tally: Tally) -> list[str]:
    return [f"{one.rpc} as {one.role} {one.problem}: {one.payload[:400]}" for one in tally.findings.values()]


def test_every_rpc_refuses_what_is_wrong_and_answers_what_is_right(town: Town) -> None:
    tally = Tally()
    with closing(Campaign(town, tally)) as campaign:
        rpcs = campaign.rpcs()
        for rpc in rpcs:
            campaign.attack(rpc, REQUESTS_PER_RPC, number=SEED)
    assert told(tally) == []
    assert town.deviations() == []
    assert len(rpcs) > RPCS
    assert {"OK", "INVALID_ARGUMENT", "NOT_FOUND"} <= tally.calls.keys()


def test_every_page_refuses_what_is_wrong_and_gives_nothing_back(town: Town) -> None:
    tally = Tally()
    Pages(town).attack(tally, REQUESTS_PER_SITE, number=SEED)
    assert told(tally) == []
    assert {"HTTP 200", "HTTP 400"} <= tally.calls.keys()
