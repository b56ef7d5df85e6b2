"""The light table of names agrees with what it names."""

from __future__ import annotations

import pytest

from faceswap.core import hookspecs, kinds
from faceswap.core.names import BUILT_IN, CONTRACT_VERSION, KINDS
from faceswap.core.registry import select
from faceswap.lib import store


def test_the_store_writes_the_hosts_contract_version():
    assert store.CONTRACT_VERSION == CONTRACT_VERSION


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_base_class_and_hook(kind):
    assert getattr(kinds, KINDS[kind].base).kind == kind
    assert callable(getattr(hookspecs, KINDS[kind].hook))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in BUILT_IN for name in BUILT_IN[kind]])
def test_each_built_in_can_be_selected(kind, name):
    assert select(kind, name).found.package == "faceswap"


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_built_in(kind):
    assert set(KINDS[kind].default) <= BUILT_IN.get(kind, {}).keys()
