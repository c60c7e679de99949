"""The enumerations of the contracts as words."""

import re
from collections.abc import Mapping
from functools import cache

from google.protobuf.descriptor import EnumDescriptor

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@cache
def words_of(kind: EnumDescriptor) -> Mapping[int, str]:
    """Return number → word of an enumeration, `ORIGIN_LAST_YEAR` of `Origin` being `last_year`; none for the unspecified."""
    prefix = _CAPITAL.sub("_", kind.name).upper() + "_"
    return {one.number: one.name.removeprefix(prefix).lower() for one in kind.values if one.number}
