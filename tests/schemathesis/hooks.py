"""Our own check beside those of schemathesis: what the document lets pass, the doors do not refuse for its shape."""

import re

import schemathesis
from schemathesis import GenerationMode

# A cursor is opaque: that it was never given out is all a door can say of one that was made up.
KNOWN = {"door.cursor", "door.no-route"}
# JSON Schema calls 349.0 a whole number. We do not: an amount with a point in it was meant to be yuan.
POINT = re.compile(r"写的是小数 -?[0-9*]+\.0$")


@schemathesis.check
def a_fitting_request_is_not_refused_for_its_shape(ctx, response, case):
    meta = case.meta
    if meta is None or meta.generation.mode != GenerationMode.POSITIVE:
        return
    if response.status_code not in (400, 413, 415):
        return
    problem = response.json()
    code = problem["code"]
    if code.startswith("door.") and code not in KNOWN and not POINT.search(problem["detail"]):
        raise AssertionError(f"the document lets pass what {code} refuses: {problem['detail']}")
