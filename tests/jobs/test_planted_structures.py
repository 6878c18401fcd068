"""A generated network with structures planted in it: every one is found, and none of what stands just below a threshold."""

from __future__ import annotations

from cypher.store import Store
from graph_api.jobs.scan import look
from graph_api.pii import Pii
from loaders import demo
from tests.loaders.directories import NOW


async def test_everything_planted_is_found_and_no_decoy(store: Store, pii: Pii) -> None:
    manifest, _ = await demo.load(store, pii, now=NOW, promoters=100)
    scanned = await look(store, detectors=None, now=NOW)
    assert len(scanned.passes) == 12
    for done in scanned.passes:
        key = done.detector.key
        named = {code for found in done.found for code in found.members}
        assert set(manifest.planted[key]) <= named, key
        assert not named.intersection(manifest.decoys[key]), key
    assert [people for _, people in scanned.hubs] == [24]
