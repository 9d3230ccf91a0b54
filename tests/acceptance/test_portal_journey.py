"""One application through the pages of the citizens' site, on the whole running suite."""

from __future__ import annotations

import pytest

from journeys.reporter import Reporter
from journeys.site_ways import walk_site
from local_suite import demo
from local_suite.suite import Suite


@pytest.mark.acceptance("Y2.get_client")
async def test_one_application_goes_all_the_way_through_pages_without_script(running_suite: Suite) -> None:
    reporter = Reporter(quiet=True)
    all_ok = await walk_site(demo.addresses(running_suite), reporter, base=running_suite.url("portal"))
    assert all_ok, [result for result in reporter.results if not result.ok]
    assert [result.step for result in reporter.results][-1] == "collect the passport"
