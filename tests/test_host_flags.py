"""Flags of a training on several hosts."""

from mbert_cli.host_flags import settings_of_hosts
from mbert_cli.recipe.invocation import invoke


def test_the_flags_are_short_for_keys_of_the_section_hosts():
    flags = settings_of_hosts(2, 0, "localhost:1234")
    hosts = invoke("train-teacher", None, (), flags).recipe.hosts
    assert (hosts.count, hosts.index, hosts.coordinator) == (2, 0, "localhost:1234")


def test_flags_that_were_not_typed_set_nothing():
    invocation = invoke("distill", None, (), settings_of_hosts(None, None, None))
    assert "--hosts" not in invocation.loaded.origins.values()
    assert invocation.recipe.hosts.count is None
